namespace GpuCnn.Data;

/// <summary>
/// For each destination position along one axis: the first source position, and the weights from there on. The weights sum to one, in
/// 22-bit fixed point rounded as in Pillow. Reuses its arrays, which grow.
/// </summary>
internal sealed class FilterTable
{
    /// <summary>Of 32 bits, 8 are for the result and 2 for the overshoot of a cubic kernel.</summary>
    public const int PrecisionBits = 32 - 8 - 2;

    private int[] _weights = [], _first = [], _length = [];
    private double[] _exact = [];
    private int _stride;
    private (int, long, long, int, Interpolation?) _filled;

    /// <summary>Number of destination positions.</summary>
    public int Count { get; private set; }

    /// <summary>Counts the changes of content.</summary>
    public int Version { get; private set; }

    /// <summary>Largest number of weights of a position.</summary>
    public int Longest { get; private set; }

    /// <summary>First source position that is read.</summary>
    public int Begin { get; private set; }

    /// <summary>Position after the last one that is read.</summary>
    public int End { get; private set; }

    /// <summary>Source position of a destination's first weight.</summary>
    public int First(int index) => _first[index];

    public ReadOnlySpan<int> Weights(int index) => _weights.AsSpan(index * _stride, _length[index]);

    /// <summary>
    /// Fills the table for <paramref name="count"/> positions from <paramref name="first"/> on, where <paramref name="sourceSize"/>
    /// positions are scaled to <paramref name="targetSize"/>.
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
            double normalize = sum != 0 ? 1.0 / sum : 1.0;
            for (int k = 0; k < length; k++)
            {
                double weight = _exact[k] * normalize * (1 << PrecisionBits);
                _weights[i * _stride + k] = (int)(weight < 0 ? weight - 0.5 : weight + 0.5);
            }
            (_first[i], _length[i]) = (low, length);
            (Begin, End, Longest) = (Math.Min(Begin, low), Math.Max(End, low + length), Math.Max(Longest, length));
        }
        _filled = (sourceSize, targetSize, first, count, interpolation);
        Version++;
    }
}
