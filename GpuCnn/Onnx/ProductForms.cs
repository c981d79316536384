using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using static GpuCnn.Onnx.OnnxAttribute;

namespace GpuCnn.Onnx;

/// <summary>Conv, with a bias also where a batch norm was folded into it.</summary>
internal sealed class Conv2dForm : OnnxForm<Conv2d>
{
    protected override string Write(OnnxGraph graph, Node node, Conv2d layer, IReadOnlyList<string> inputs)
    {
        List<string> read = [inputs[0], graph.Parameter(node, "weight")!];
        if (graph.Parameter(node, "bias") is { } bias) read.Add(bias);
        (int rows, int columns) = layer.Padding;
        return graph.Add(node.Path, "Conv", read,
            Ints("kernel_shape", layer.Size.Rows, layer.Size.Columns), Ints("strides", layer.Stride.Rows, layer.Stride.Columns),
            Ints("pads", rows, columns, rows, columns), Ints("dilations", 1, 1), Int("group", layer.Groups));
    }
}

/// <summary>Gemm with the transposed weights [units, inputs].</summary>
internal sealed class LinearForm : OnnxForm<Linear>
{
    protected override string Write(OnnxGraph graph, Node node, Linear layer, IReadOnlyList<string> inputs)
    {
        List<string> read = [inputs[0], graph.Parameter(node, "weight")!];
        if (graph.Parameter(node, "bias") is { } bias) read.Add(bias);
        return graph.Add(node.Path, "Gemm", read, Int("transB", 1));
    }
}
