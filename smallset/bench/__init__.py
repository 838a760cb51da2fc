"""The benchmark: a matrix of methods, data, students and labels; run, resumed, foretold."""
