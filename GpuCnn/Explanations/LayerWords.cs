using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;

namespace GpuCnn.Explanations;

/// <summary>Names layers as figures do: "conv 11x11", "stride 4, pad 2".</summary>
internal static class LayerWords
{
    /// <summary>What a layer is: "conv 11x11", "max pool 3x3", "fully connected".</summary>
    public static string Kind(Node node) => node.Operator switch
    {
        Conv2d c when c.Groups > 1 && c.Groups == node.InputShapes[0].Channels => $"depthwise {Pair(c.Size)}",
        Conv2d c => $"conv {Pair(c.Size)}",
        MaxPool2d p => $"max pool {Pair(p.Size)}",
        AvgPool2d p => $"avg pool {Pair(p.Size)}",
        GlobalAvgPool2d or AdaptiveAvgPool2d => "average",
        Linear => "fully connected",
        BatchNorm2d => "batch norm",
        LocalResponseNorm => "LRN",
        Concat => "concat",
        Add => "add",
        Flatten => "flatten",
        Dropout => "dropout",
        var other => other.Type,
    };

    /// <summary>How its windows move: "stride 4, pad 2"; empty for stride 1 without padding.</summary>
    public static string Steps(Node node)
    {
        ((int, int) stride, (int, int) padding, int groups) = node.Operator switch
        {
            Conv2d c => (c.Stride, c.Padding, c.Groups == node.InputShapes[0].Channels ? 1 : c.Groups),
            Pool2d p => (p.Stride, p.Padding, 1),
            _ => ((1, 1), (0, 0), 1),
        };
        List<string> words = [];
        if (stride != (1, 1)) words.Add($"stride {One(stride)}");
        if (padding != (0, 0)) words.Add($"pad {One(padding)}");
        if (groups > 1) words.Add($"{groups} groups");
        return string.Join(", ", words);
    }

    private static string Pair((int Rows, int Columns) size) => $"{size.Rows}x{size.Columns}";

    private static string One((int Rows, int Columns) size) => size.Rows == size.Columns ? $"{size.Rows}" : Pair(size);
}
