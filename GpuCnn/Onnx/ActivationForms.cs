using GpuCnn.Engine.Graphs;
using GpuCnn.Kernels.Pointwise;
using ReLU = GpuCnn.Engine.Layers.ReLU;
using LeakyReLU = GpuCnn.Engine.Layers.LeakyReLU;
using Sigmoid = GpuCnn.Engine.Layers.Sigmoid;
using SiLU = GpuCnn.Engine.Layers.SiLU;
using Tanh = GpuCnn.Engine.Layers.Tanh;
using Gelu = GpuCnn.Engine.Layers.Gelu;
using static GpuCnn.Onnx.OnnxAttribute;

namespace GpuCnn.Onnx;

internal sealed class ReLUForm : OnnxForm<ReLU>
{
    protected override string Write(OnnxGraph graph, Node node, ReLU layer, IReadOnlyList<string> inputs) =>
        graph.Add(node.Path, "Relu", inputs);
}

internal sealed class LeakyReLUForm : OnnxForm<LeakyReLU>
{
    protected override string Write(OnnxGraph graph, Node node, LeakyReLU layer, IReadOnlyList<string> inputs) =>
        graph.Add(node.Path, "LeakyRelu", inputs, Float("alpha", layer.Slope));
}

internal sealed class SigmoidForm : OnnxForm<Sigmoid>
{
    protected override string Write(OnnxGraph graph, Node node, Sigmoid layer, IReadOnlyList<string> inputs) =>
        graph.Add(node.Path, "Sigmoid", inputs);
}

internal sealed class TanhForm : OnnxForm<Tanh>
{
    protected override string Write(OnnxGraph graph, Node node, Tanh layer, IReadOnlyList<string> inputs) =>
        graph.Add(node.Path, "Tanh", inputs);
}

/// <summary>x times its sigmoid.</summary>
internal sealed class SiLUForm : OnnxForm<SiLU>
{
    protected override string Write(OnnxGraph graph, Node node, SiLU layer, IReadOnlyList<string> inputs) =>
        graph.Add(node.Path, "Mul", [inputs[0], graph.Add($"{node.Path}/gate", "Sigmoid", inputs)]);
}

/// <summary>
/// x (1 + erf(x / √2)) / 2, or with tanh(√(2/π) (x + 0.044715 x³)) in the place of erf. ONNX has Gelu itself from opset 20 on.
/// </summary>
internal sealed class GeluForm : OnnxForm<Gelu>
{
    protected override string Write(OnnxGraph graph, Node node, Gelu layer, IReadOnlyList<string> inputs)
    {
        string path = node.Path, x = inputs[0];
        string curve = layer.Function is GeluTanh
            ? graph.Add($"{path}/tanh", "Tanh", [Times("inner", Plus("sum", Times("cube", Square(), "cubic", 0.044715f), x), "linear",
                MathF.Sqrt(2 / MathF.PI))])
            : graph.Add($"{path}/erf", "Erf", [Times("inner", x, "root", MathF.Sqrt(0.5f))]);
        string gate = graph.Add($"{path}/gate", "Add", [curve, Scalar("one", 1)]);
        return graph.Add(path, "Mul", [Times("half_input", x, "half", 0.5f), gate]);

        string Square() => graph.Add($"{path}/x3", "Mul", [x, graph.Add($"{path}/x2", "Mul", [x, x])]);
        string Plus(string name, string a, string b) => graph.Add($"{path}/{name}", "Add", [a, b]);
        string Times(string name, string a, string constant, float factor) =>
            graph.Add($"{path}/{name}", "Mul", [a, Scalar(constant, factor)]);
        string Scalar(string name, float value) => graph.AddConstant($"{path}/{name}", [], [value]);
    }
}
