"""One student on the whole training split: what a set's accuracy is held against (HLR)."""

import hashlib
import json
import platform
from dataclasses import asdict

import numpy as np
import torch

from smallset.bench.cells import Identity
from smallset.cell import Desk
from smallset.data import Data, pixel_cache
from smallset.models import Network, build_model, weights_sha256, worth_compiling
from smallset.records import Result
from smallset.seeds import derive
from smallset.store import smallset_version
from smallset.train import loop
from smallset.train.device import can_compile, hardware
from smallset.train.evaluation import Accuracy, accuracy
from smallset.train.protocol import protocol_named
from smallset.train.versions import component_versions
from smallset.train.views import Canvas

VIEW = Canvas()


def learn_whole(data: Data, wanted: Identity, *, desk: Desk) -> Result:
    """Train a student on all training images, hard labels, and test it.

    The protocol is standard-v1 with few epochs, which its name says: a set's 300 epochs over the
    full data would cost more than all else together.
    """
    compiled = worth_compiling(wanted.student) and can_compile(desk.machine.device)
    fitted, found = _fit(data, wanted, compiled, desk)
    here, train = desk.machine, data.train
    facts = {"cell": asdict(wanted), "compiled": compiled, "versions": component_versions()}
    weights = weights_sha256(wanted.student)
    if weights is not None:
        facts["weights"] = weights
    return Result(
        fingerprint=hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest(),
        dataset=wanted.dataset,
        data_fingerprint=data.fingerprint,
        held_out=data.held_out,
        method=wanted.spec,
        spec=wanted.spec,
        plan_sha256=wanted.spec,
        source_fingerprint=data.fingerprint,
        codec=wanted.codec,
        fit=wanted.fit,
        classes=train.classes.names,
        ipc=None,
        images=len(train),
        size=wanted.size,
        view=wanted.view,
        labels=wanted.labels,
        teacher=None,
        teacher_top1=None,
        student=wanted.student,
        protocol=wanted.protocol,
        set_seed=wanted.set_seed,
        observer_seed=None,
        student_seed=wanted.student_seed,
        top1=found.top1,
        top5=found.top5,
        per_class=tuple(found.per_class.tolist()),
        loss=fitted.loss,
        steps=fitted.steps,
        seconds=round(fitted.seconds, 3),
        images_per_second=round(fitted.images / fitted.seconds, 1),
        image_bytes=train.encoded_bytes,
        label_bytes=0,
        teacher_bytes=0,
        source_images=len(train),
        source_bytes=train.encoded_bytes,
        precision=here.precision,
        device=here.kind,
        threads=here.threads,
        hardware=hardware(here.device),
        compiled=compiled,
        versions={
            "smallset": smallset_version(),
            "torch": torch.__version__,
            "numpy": np.__version__,
            "python": platform.python_version(),
        },
    )


def _fit(data: Data, wanted: Identity, compiled: bool, desk: Desk) -> tuple[loop.Fitted, Accuracy]:
    here, size, classes = desk.machine, wanted.size, len(data.train.classes)
    images = pixel_cache(data.train, size, view=wanted.fit, work=desk.work, workers=desk.workers)
    held_out = pixel_cache(data.test, size, view="test", work=desk.work, workers=desk.workers)
    seed = wanted.student_seed
    model = build_model(wanted.student, classes=classes, size=size, seed=derive(seed, "weights"))
    here.place(model, channels_last=compiled or not model.worth_compiling)
    whole = np.array([0, 0, size, size], np.int32)
    with loop.random_layers(seed):
        fitted = loop.fit(
            model,
            images,
            data.train.labels,
            np.broadcast_to(whole, (len(images), 1, 4)),
            protocol=protocol_named(wanted.protocol),
            view=VIEW,
            seeds=loop.Order(student=derive(seed, "order"), view=derive(seed, "view")),
            machine=here,
            run=_compiled(model) if compiled else model,
        )
    return fitted, accuracy(model, held_out, data.test.labels, classes=classes, machine=here)


def _compiled(model: Network) -> torch.nn.Module:
    compiled: torch.nn.Module = torch.compile(model, dynamic=False)  # type: ignore[assignment]
    return compiled
