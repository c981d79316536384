using GpuCnn.Engine;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Tensors;

namespace GpuCnn.Onnx;

/// <summary>
/// Folds batch norms into the convolutions before them: y = (w x + b - mean) s + bias, s = weight / sqrt(variance + epsilon), is a
/// convolution with the filters w s and the bias (b - mean) s + bias. Computed in float64. Only where nothing else reads the convolution.
/// </summary>
internal sealed class BatchNormFolding
{
    private readonly HashSet<Node> _norms = [];

    /// <param name="nodes">Nodes that infer.</param>
    /// <param name="output">The value that the network gives.</param>
    /// <param name="weights">Tensors by path.</param>
    public BatchNormFolding(IReadOnlyList<Node> nodes, Value output, IReadOnlyDictionary<string, Tensor> weights)
    {
        var folded = new Dictionary<string, Tensor>(weights);
        ILookup<Value, Node> readers = nodes.SelectMany(node => node.Inputs.Select(input => (input, node)))
            .ToLookup(pair => pair.input, pair => pair.node);
        foreach (Node norm in nodes.Where(node => node.Operator is BatchNorm2d))
        {
            if (norm.Inputs[0] is not { Producer: { Operator: Conv2d } convolution } between) continue;
            if (between == output || readers[between].Count() != 1) continue;
            Fold(folded, convolution, norm);
            if (NonFiniteTensor.First(PathsOf(convolution).Select(path => KeyValuePair.Create(path, folded[path]))) is { } tensor)
                throw new GpuCnnException($"Folding '{norm.Path}' into the convolution before it gives numbers that are not finite: "
                    + $"{tensor}; keep batch norms, or use other weights.");
            _norms.Add(norm);
        }
        Weights = folded;
    }

    /// <summary>The tensors, those of the convolutions changed.</summary>
    public IReadOnlyDictionary<string, Tensor> Weights { get; }

    /// <summary>Number of norms that became part of a convolution.</summary>
    public int Count => _norms.Count;

    /// <summary>Whether a norm became part of the convolution before it.</summary>
    public bool Has(Node norm) => _norms.Contains(norm);

    private static void Fold(Dictionary<string, Tensor> tensors, Node convolution, Node norm)
    {
        float[] scale = Of(norm, "weight"), shift = Of(norm, "bias"), mean = Of(norm, "running_mean"), variance = Of(norm, "running_var");
        double epsilon = ((BatchNorm2d)norm.Operator).Epsilon;
        string[] paths = PathsOf(convolution);
        (string weightPath, string biasPath) = (paths[0], paths[1]);
        Tensor weight = tensors[weightPath];
        float[]? bias = tensors.GetValueOrDefault(biasPath)?.Values;
        Tensor filters = new([.. weight.Dimensions]), biases = new(scale.Length);
        int each = weight.Values.Length / scale.Length;
        for (int channel = 0; channel < scale.Length; channel++)
        {
            double factor = scale[channel] / Math.Sqrt(variance[channel] + epsilon);
            biases.Values[channel] = (float)(((bias?[channel] ?? 0) - (double)mean[channel]) * factor + shift[channel]);
            for (int i = channel * each; i < (channel + 1) * each; i++) filters.Values[i] = (float)(weight.Values[i] * factor);
        }
        tensors[weightPath] = filters;
        tensors[biasPath] = biases;

        float[] Of(Node node, string name) => tensors[Join(node, name)].Values;
    }

    private static string[] PathsOf(Node convolution) => [Join(convolution, "weight"), Join(convolution, "bias")];

    private static string Join(Node node, string name) => node.Path.Length == 0 ? name : $"{node.Path}.{name}";
}
