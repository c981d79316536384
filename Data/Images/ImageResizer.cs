namespace GpuCnn.Data;

/// <summary>
/// Antialiased bilinear scaling: a triangle filter of one source pixel when magnifying, widened to one destination pixel when
/// minifying. Separable, columns first with 8-bit results between the passes, weights in 22-bit fixed point: the arithmetic of
/// Pillow's <c>Image.resize(BILINEAR)</c> (src/libImaging/Resample.c), so that networks trained with torchvision see the same bytes.
/// </summary>
public static class ImageResizer
{
    private const int PrecisionBits = 32 - 8 - 2;

    /// <summary>
    /// The window [<paramref name="top"/>, <paramref name="left"/>] + [<paramref name="height"/>, <paramref name="width"/>] of
    /// <paramref name="image"/> scaled to <paramref name="fullWidth"/> by <paramref name="fullHeight"/>. Only the window is computed:
    /// a strip of 1x60000 pixels costs no more than its window.
    /// </summary>
    public static PixelImage Resize(PixelImage image, long fullWidth, long fullHeight, long left, long top, int width, int height)
    {
        if (left < 0 || top < 0 || left + width > fullWidth || top + height > fullHeight)
            throw new ArgumentOutOfRangeException(nameof(left), left,
                $"The window {width}x{height} at ({left}, {top}) leaves {fullWidth}x{fullHeight}.");
        Filter columns = new(image.Width, fullWidth, left, width);
        Filter rows = new(image.Height, fullHeight, top, height);
        int firstRow = rows.First[0], endRow = rows.First[^1] + rows.Length[^1], channels = image.Channels;

        PixelImage narrow = new(width, endRow - firstRow, channels);
        for (int y = 0; y < narrow.Height; y++)
        {
            ReadOnlySpan<byte> source = image.Row(firstRow + y);
            Span<byte> target = narrow.Row(y);
            for (int x = 0; x < width; x++)
            {
                ReadOnlySpan<int> weights = columns.Weights(x);
                int first = columns.First[x] * channels;
                for (int c = 0; c < channels; c++)
                {
                    int sum = 1 << (PrecisionBits - 1);
                    for (int k = 0, p = first + c; k < weights.Length; k++, p += channels) sum += source[p] * weights[k];
                    target[x * channels + c] = ToByte(sum);
                }
            }
        }

        PixelImage result = new(width, height, channels);
        int[] sums = new int[width * channels];
        for (int y = 0; y < height; y++)
        {
            Array.Fill(sums, 1 << (PrecisionBits - 1));
            ReadOnlySpan<int> weights = rows.Weights(y);
            for (int k = 0; k < weights.Length; k++)
            {
                ReadOnlySpan<byte> source = narrow.Row(rows.First[y] - firstRow + k);
                int weight = weights[k];
                for (int i = 0; i < sums.Length; i++) sums[i] += source[i] * weight;
            }
            Span<byte> target = result.Row(y);
            for (int i = 0; i < sums.Length; i++) target[i] = ToByte(sums[i]);
        }
        return result;
    }

    private static byte ToByte(int sum) => (byte)Math.Clamp(sum >> PrecisionBits, 0, 255);

    /// <summary>
    /// For each destination position of the window: the first source position and the weights from there on, which sum to one.
    /// </summary>
    private sealed class Filter
    {
        private readonly int[] _weights;
        private readonly int _stride;

        public Filter(int sourceSize, long targetSize, long first, int count)
        {
            double scale = (double)sourceSize / targetSize;
            double support = Math.Max(scale, 1.0);
            _stride = (int)Math.Ceiling(support) * 2 + 1;
            _weights = new int[checked(_stride * count)];
            First = new int[count];
            Length = new int[count];
            double[] exact = new double[_stride];
            double inverse = 1.0 / support;
            for (int i = 0; i < count; i++)
            {
                double center = (first + i + 0.5) * scale;
                int low = Math.Max(0, (int)(center - support + 0.5));
                int length = Math.Min(sourceSize, (int)(center + support + 0.5)) - low;
                double sum = 0;
                for (int k = 0; k < length; k++)
                    sum += exact[k] = Math.Max(0, 1.0 - Math.Abs((k + low - center + 0.5) * inverse));
                double normalise = sum == 0 ? 0 : 1.0 / sum;
                for (int k = 0; k < length; k++)
                    _weights[i * _stride + k] = (int)(0.5 + exact[k] * normalise * (1 << PrecisionBits));
                First[i] = low;
                Length[i] = length;
            }
        }

        public int[] First { get; }

        public int[] Length { get; }

        public ReadOnlySpan<int> Weights(int index) => _weights.AsSpan(index * _stride, Length[index]);
    }
}
