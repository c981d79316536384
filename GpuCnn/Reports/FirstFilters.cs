using GpuCnn.Data;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tensors;

namespace GpuCnn.Reports;

/// <summary>
/// The filters of a network's first layer as a picture, where they read colours or grays: zero is gray, and the largest weight of each
/// filter black or white. A fully connected layer that reads the image has a filter of the image's size.
/// </summary>
internal static class FirstFilters
{
    private const int Most = 96, Gap = 1, LongestRow = 240;

    /// <summary>Draws them; null where the first layer's filters are no pictures.</summary>
    /// <param name="layer">Path of the layer.</param>
    public static PixelImage? Draw(Network network, ParameterStore parameters, out string layer)
    {
        layer = "";
        Node? first = network.Graph.Nodes.FirstOrDefault(node => node.Parameters.Any(IsWeight));
        if (first is null) return null;
        layer = first.Path;
        Shape input = network.Input;
        Tensor weights = parameters.GetWeights(first.Parameters.First(IsWeight));
        Shape? filter = first.Operator switch
        {
            Conv2d { Groups: 1 } layout => Shape.Volume(first.InputShapes[0].Channels, layout.Size.Rows, layout.Size.Columns),
            Linear when first.InputShapes[0].Count == input.Count && !input.IsVector => input,
            _ => null,
        };
        return filter is { Channels: 1 or 3 } shape ? Draw(weights.Values, shape) : null;
    }

    private static bool IsWeight(Parameter parameter) => parameter.Spec.Role == ParameterRole.Weight;

    /// <param name="weights">[filters, C, H, W].</param>
    private static PixelImage Draw(ReadOnlySpan<float> weights, Shape filter)
    {
        int count = Math.Min(Most, weights.Length / filter.Count);
        int columns = Math.Clamp(LongestRow / (filter.Width + Gap), 1, Math.Min(count, 16)), rows = (count + columns - 1) / columns;
        PixelImage sheet = new(columns * (filter.Width + Gap) - Gap, rows * (filter.Height + Gap) - Gap, filter.Channels);
        sheet.Pixels.AsSpan().Fill(255);
        for (int k = 0; k < count; k++)
        {
            ReadOnlySpan<float> values = weights.Slice(k * filter.Count, filter.Count);
            float largest = 1e-12f;
            foreach (float value in values) largest = Math.Max(largest, Math.Abs(value));
            for (int y = 0; y < filter.Height; y++)
            {
                Span<byte> row = sheet.Row(k / columns * (filter.Height + Gap) + y);
                for (int x = 0; x < filter.Width; x++)
                    for (int c = 0; c < filter.Channels; c++)
                        row[(k % columns * (filter.Width + Gap) + x) * filter.Channels + c] = (byte)Math.Clamp(
                            128 + 127 * values[(c * filter.Height + y) * filter.Width + x] / largest, 0, 255);
            }
        }
        return sheet;
    }
}
