using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Tensors;
using static GpuCnn.Onnx.OnnxAttribute;

namespace GpuCnn.Onnx;

internal sealed class FlattenForm : OnnxForm<Flatten>
{
    protected override string Write(OnnxGraph graph, Node node, Flatten layer, IReadOnlyList<string> inputs) =>
        node.InputShapes[0].IsVector ? inputs[0] : graph.Add(node.Path, "Flatten", inputs, Int("axis", 1));
}

/// <summary>Nothing: inference drops no value.</summary>
internal sealed class DropoutForm : OnnxForm<Dropout>
{
    protected override string Write(OnnxGraph graph, Node node, Dropout layer, IReadOnlyList<string> inputs) => inputs[0];
}

internal sealed class ConcatForm : OnnxForm<Concat>
{
    protected override string Write(OnnxGraph graph, Node node, Concat layer, IReadOnlyList<string> inputs) =>
        graph.Add(node.Path, "Concat", inputs, Int("axis", 1));
}

internal sealed class AddForm : OnnxForm<Add>
{
    protected override string Write(OnnxGraph graph, Node node, Add layer, IReadOnlyList<string> inputs) =>
        graph.Add(node.Path, "Add", inputs);
}

/// <summary>Slice with a step, then Pad with channels of zeros.</summary>
internal sealed class ShortcutAForm : OnnxForm<ShortcutA>
{
    protected override string Write(OnnxGraph graph, Node node, ShortcutA layer, IReadOnlyList<string> inputs)
    {
        string path = node.Path, value = inputs[0];
        Shape input = node.InputShapes[0];
        if (layer.Stride > 1)
        {
            value = graph.Add($"{path}/pixels", "Slice",
                [
                    value, graph.AddConstant($"{path}/starts", 0, 0), graph.AddConstant($"{path}/ends", input.Height, input.Width),
                    graph.AddConstant($"{path}/axes", 2, 3), graph.AddConstant($"{path}/steps", layer.Stride, layer.Stride),
                ]);
        }
        int added = layer.Channels - input.Channels, before = added / 2;
        return added == 0 ? value
            : graph.Add(path, "Pad", [value, graph.AddConstant($"{path}/pads", 0, before, 0, 0, 0, added - before, 0, 0)]);
    }
}
