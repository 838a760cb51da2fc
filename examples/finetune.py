"""Fine-tune a pretrained network on a small set, and on as many random images.

    python examples/finetune.py DATA OUT NETWORK

NETWORK is a spec, such as "timm:resnet18(weights=default)" (with smallset[timm]) or
"resnet20(weights=FILE.pt)". OUT is a new folder for the two sets.
"""

import sys
from pathlib import Path
from statistics import mean

import smallset

PROTOCOL = "finetune-v1"
METHODS = ("random", "pca")
IPC = 10

if __name__ == "__main__":
    data, out, network = sys.argv[1:]
    Path(out).mkdir()
    for number, method in enumerate(METHODS):
        made = smallset.compress(data, Path(out) / str(number), method=method, ipc=IPC)
        tuned = smallset.evaluate(made, data, student=network, protocol=PROTOCOL, seeds=3)
        top1 = [result.top1 for result in tuned]
        print(f"{method}: {100 * mean(top1):.1f} %, {min(top1):.3f} to {max(top1):.3f}")
