namespace GpuCnn.Data;

/// <summary>
/// For each destination position along one axis: the first source position, and the weights from there on, which sum to one, in 22-bit
/// fixed point as Pillow rounds them. Its arrays grow and are used again.
/// </summary>
internal sealed class FilterTable
{
    /// <summary>8 bits for the result and 2 for the overshoot of a cubic kernel are left of 32.</summary>
    public const int PrecisionBits = 32 - 8 - 2;

    private int[] _weights = [], _first = [], _length = [];
    private double[] _exact = [];
    private int _stride;
    private (int, long, long, int, Interpolation?) _filled;

    /// <summary>Positions.</summary>
    public int Count { get; private set; }

    /// <summary>Counts the changes of content.</summary>
    public int Version { get; private set; }

    /// <summary>The most weights of a position.</summary>
    public int Longest { get; private set; }

    /// <summary>The first source position that is read.</summary>
    public int Begin { get; private set; }

    /// <summary>The position behind the last one that is read.</summary>
    public int End { get; private set; }

    /// <summary>The source position of a destination's first weight.</summary>
    public int First(int index) => _first[index];

    public ReadOnlySpan<int> Weights(int index) => _weights.AsSpan(index * _stride, _length[index]);

    /// <summary>
    /// Fills the table for <paramref name="count"/> positions from <paramref name="first"/> on, of <paramref name="sourceSize"/>
    /// positions scaled to <paramref name="targetSize"/>.
    /// </summary>
    public void Fill(int sourceSize, long targetSize, long first, int count, Interpolation interpolation)
    {
        if (_filled == (sourceSize, targetSize, first, count, interpolation)) return;
        double scale = (double)sourceSize / targetSize, widening = Math.Max(scale, 1.0);
        double support = interpolation.Support * widening, inverse = 1.0 / widening;
        _stride = (int)Math.Ceiling(support) * 2 + 1;
        if (_weights.Length < (long)_stride * count) _weights = new int[checked(_stride * count)];
        if (_first.Length < count) (_first, _length) = (new int[count], new int[count]);
        if (_exact.Length < _stride) _exact = new double[_stride];
        (Begin, End, Longest, Count) = (int.MaxValue, 0, 0, count);
        for (int i = 0; i < count; i++)
        {
            double centre = (first + i + 0.5) * scale;
            int low = Math.Max(0, (int)(centre - support + 0.5));
            int length = Math.Min(sourceSize, (int)(centre + support + 0.5)) - low;
            double sum = 0;
            for (int k = 0; k < length; k++) sum += _exact[k] = interpolation.Weight((k + low - centre + 0.5) * inverse);
            double normalise = sum != 0 ? 1.0 / sum : 1.0;
            for (int k = 0; k < length; k++)
            {
                double weight = _exact[k] * normalise * (1 << PrecisionBits);
                _weights[i * _stride + k] = (int)(weight < 0 ? weight - 0.5 : weight + 0.5);
            }
            (_first[i], _length[i]) = (low, length);
            (Begin, End, Longest) = (Math.Min(Begin, low), Math.Max(End, low + length), Math.Max(Longest, length));
        }
        _filled = (sourceSize, targetSize, first, count, interpolation);
        Version++;
    }
}
