using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using static GpuCnn.Onnx.OnnxAttribute;

namespace GpuCnn.Onnx;

/// <summary>BatchNormalization by the running statistics.</summary>
internal sealed class BatchNorm2dForm : OnnxForm<BatchNorm2d>
{
    protected override string Write(OnnxGraph graph, Node node, BatchNorm2d layer, IReadOnlyList<string> inputs) =>
        graph.Add(node.Path, "BatchNormalization",
            [
                inputs[0], .. new[] { "weight", "bias", "running_mean", "running_var" }.Select(name => graph.Parameter(node, name)!),
            ],
            Float("epsilon", layer.Epsilon));
}

/// <summary>
/// LRN, which divides alpha by the size, where the layer does not. Runtimes take odd sizes alone; an even one is written as an average of
/// squares over channels: y = x / (k + alpha size average) ^ beta.
/// </summary>
internal sealed class LocalResponseNormForm : OnnxForm<LocalResponseNorm>
{
    protected override string Write(OnnxGraph graph, Node node, LocalResponseNorm layer, IReadOnlyList<string> inputs)
    {
        string path = node.Path, x = inputs[0];
        if (layer.Size % 2 == 1)
        {
            return graph.Add(path, "LRN", [x], Int("size", layer.Size), Float("alpha", layer.Alpha * layer.Size), Float("beta", layer.Beta),
                Float("bias", layer.K));
        }
        int channels = node.InputShapes[0].Channels, height = node.InputShapes[0].Height, width = node.InputShapes[0].Width;
        string columns = graph.AddConstant($"{path}/columns", 0, 1, channels, (long)height * width);
        string volume = graph.AddConstant($"{path}/volume", 0, channels, height, width);
        string squares = graph.Add($"{path}/squares", "Mul", [x, x]);
        string asColumns = graph.Add($"{path}/as_columns", "Reshape", [squares, columns]);
        string averages = graph.Add($"{path}/averages", "AveragePool", [asColumns],
            Ints("kernel_shape", layer.Size, 1), Ints("strides", 1, 1), Ints("pads", layer.Size / 2, 0, (layer.Size - 1) / 2, 0),
            Int("count_include_pad", 1));
        string around = graph.Add($"{path}/as_volume", "Reshape", [averages, volume]);
        string scaled = graph.Add($"{path}/scaled", "Mul", [around, Scalar("alpha", layer.Alpha * layer.Size)]);
        string sum = graph.Add($"{path}/sum", "Add", [scaled, Scalar("k", layer.K)]);
        return graph.Add(path, "Div", [x, graph.Add($"{path}/power", "Pow", [sum, Scalar("beta", layer.Beta)])]);

        string Scalar(string name, float value) => graph.AddConstant($"{path}/{name}", [], [value]);
    }
}
