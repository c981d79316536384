using GpuCnn.Engine;
using GpuCnn.Engine.Tensors;

namespace GpuCnn.Explanations;

/// <summary>
/// Places of a square that hides a part of an image (Zeiler and Fergus, 2013, https://arxiv.org/abs/1311.2901). They begin at every stride;
/// the last of a row and of a column end with the image.
/// </summary>
internal sealed class OcclusionGrid
{
    private readonly Shape _input;

    /// <param name="patch">Side of the square; null is a sixth of the shorter side.</param>
    /// <param name="stride">Null is half the patch.</param>
    /// <exception cref="GpuCnnException">The square is larger than the image, or the stride than the square.</exception>
    public OcclusionGrid(Shape input, int? patch, int? stride)
    {
        _input = input;
        int shorter = Math.Min(input.Height, input.Width);
        Patch = patch ?? Math.Max(1, shorter / 6);
        Stride = stride ?? Math.Max(1, Patch / 2);
        if (Patch < 1 || Patch > shorter)
            throw new GpuCnnException($"Occlusion of an input of {input} expects a patch of 1 to {shorter} pixels, but got {Patch}.");
        if (Stride < 1 || Stride > Patch)
            throw new GpuCnnException($"Occlusion by a patch of {Patch} pixels expects a stride of 1 to {Patch}, but got {Stride}.");
        Tops = Starts(input.Height);
        Lefts = Starts(input.Width);
    }

    public int Patch { get; }

    public int Stride { get; }

    /// <summary>First rows of the places.</summary>
    public IReadOnlyList<int> Tops { get; }

    /// <summary>First columns of the places.</summary>
    public IReadOnlyList<int> Lefts { get; }

    public int Count => Tops.Count * Lefts.Count;

    /// <summary>Sets the square of a place to 0, which is the mean color after normalization.</summary>
    /// <param name="image">[H, W, C]</param>
    public void Hide(Span<float> image, int place)
    {
        int top = Tops[place / Lefts.Count], left = Lefts[place % Lefts.Count], channels = _input.Channels;
        for (int row = top; row < top + Patch; row++) image.Slice((row * _input.Width + left) * channels, Patch * channels).Clear();
    }

    /// <summary>Averages the values of the places over each pixel that they hide.</summary>
    /// <returns>[H, W]</returns>
    public float[] Spread(ReadOnlySpan<double> values)
    {
        var sums = new double[_input.Area];
        var counts = new int[_input.Area];
        for (int place = 0; place < Count; place++)
        {
            int top = Tops[place / Lefts.Count], left = Lefts[place % Lefts.Count];
            for (int row = top; row < top + Patch; row++)
            {
                for (int column = left; column < left + Patch; column++)
                {
                    sums[row * _input.Width + column] += values[place];
                    counts[row * _input.Width + column]++;
                }
            }
        }
        return [.. sums.Zip(counts, (sum, count) => (float)(sum / count))];
    }

    private int[] Starts(int size)
    {
        int last = size - Patch;
        return [.. Enumerable.Range(0, last / Stride + 1).Select(i => i * Stride).Append(last).Distinct()];
    }
}
