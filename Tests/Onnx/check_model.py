"""Checks ONNX files by the format's own checker, shapes included, and prints their inputs and outputs."""
import sys

import onnx
from onnx import checker, shape_inference

for path in sys.argv[1:]:
    model = onnx.load(path)
    checker.check_model(model, full_check=True)
    graph = shape_inference.infer_shapes(model, check_type=True, strict_mode=True).graph
    for value in (graph.input[0], graph.output[0]):
        print(value.name, *[size.dim_param or size.dim_value for size in value.type.tensor_type.shape.dim])
