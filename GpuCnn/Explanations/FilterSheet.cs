using GpuCnn.Data;
using GpuCnn.Engine;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Tensors;

namespace GpuCnn.Explanations;

/// <summary>
/// Draws the filters of a network's first layer, each from its own weights: mid gray is 0, and the weight of the largest magnitude is black
/// or white. Filters of 3 channels are in color; those of more channels are a row of gray pictures each, one for each channel.
/// </summary>
internal static class FilterSheet
{
    /// <summary>Most filters, and most channels of each, that are drawn.</summary>
    public const int MostFilters = 256, MostChannels = 64;

    private const int ColorChannels = 3, SmallestCell = 64;

    /// <summary>
    /// Returns the weights that look at the image: those of the first convolution, or of the first fully connected layer if nothing but a
    /// flattening is before it.
    /// </summary>
    /// <exception cref="GpuCnnException">The network has neither.</exception>
    public static Parameter FirstWeights(Network network) =>
        Activations.LayersOf(network).Where(layer => layer.Operator is Conv2d or Linear)
            .SelectMany(layer => layer.Parameters).FirstOrDefault(parameter => parameter.Spec.Name == "weight")
        ?? throw new GpuCnnException($"{network.Name} has no layer with filters: no convolution and no fully connected layer.");

    /// <summary>Draws weights.</summary>
    /// <param name="weights">[K, C, R, S] of a convolution, or [units, inputs].</param>
    /// <param name="input">Shape of the network's input, which units are drawn as.</param>
    public static PixelImage Draw(Tensor weights, Shape input)
    {
        IReadOnlyList<int> dimensions = weights.Dimensions;
        (int filters, int channels, int rows, int columns) = dimensions.Count == 4
            ? (dimensions[0], dimensions[1], dimensions[2], dimensions[3])
            : dimensions[1] == input.Count && !input.IsVector ? (dimensions[0], input.Channels, input.Height, input.Width)
            : (dimensions[0], 1, 1, dimensions[1]);
        int shown = Math.Min(filters, MostFilters), size = channels * rows * columns;
        int enlarged = Math.Max(1, SmallestCell / Math.Max(rows, columns));
        bool isSeparate = channels is not (1 or ColorChannels);
        int parts = isSeparate ? Math.Min(channels, MostChannels) : 1;
        int across = isSeparate ? parts : (int)Math.Ceiling(Math.Sqrt(shown));
        var grid = new PictureGrid(shown * parts, across, columns * enlarged, rows * enlarged, channels == ColorChannels ? 3 : 1, gap: 2);
        for (int filter = 0; filter < shown; filter++)
        {
            ReadOnlySpan<float> own = weights.Values.AsSpan(filter * size, size);
            float largest = 0;
            foreach (float weight in own) largest = Math.Max(largest, Math.Abs(weight));
            for (int part = 0; part < parts; part++)
            {
                var cell = new PixelImage(columns, rows, grid.Image.Channels);
                for (int i = 0; i < rows * columns; i++)
                {
                    for (int channel = 0; channel < cell.Channels; channel++)
                    {
                        float weight = own[(part + channel) * rows * columns + i];
                        cell.Pixels[i * cell.Channels + channel] = (byte)Math.Round(127.5 + (largest > 0 ? 127.5 * weight / largest : 0));
                    }
                }
                grid.Put(filter * parts + part, PictureGrid.Enlarge(cell, enlarged));
            }
        }
        return grid.Image;
    }
}
