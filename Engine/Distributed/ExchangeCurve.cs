namespace GpuCnn.Engine.Distributed;

/// <summary>
/// Times of exchanges between measured sizes, as straight lines from one to the next: latency and rate differ by size, because libraries
/// send small messages in another way than large ones, and because caches hold some and not others. A size counts with the least time of
/// those from it on, for no exchange takes longer than a larger one.
/// </summary>
public sealed class ExchangeCurve
{
    private readonly ExchangeTime[] _times;

    public ExchangeCurve(IEnumerable<ExchangeTime> times)
    {
        _times = [.. times.OrderBy(time => time.Bytes)];
        if (_times.Length == 0) throw new ArgumentException("A curve needs the time of at least one size.", nameof(times));
        for (int i = _times.Length - 2; i >= 0; i--)
            _times[i] = _times[i] with { Seconds = Math.Min(_times[i].Seconds, _times[i + 1].Seconds) };
    }

    /// <summary>Seconds that any exchange takes.</summary>
    public double StartSeconds => _times[0].Seconds;

    /// <summary>
    /// Predicted seconds of an exchange. One smaller than all measured takes the time of the smallest; one larger goes at the rate of the
    /// largest.
    /// </summary>
    public double Seconds(long bytes)
    {
        if (bytes <= _times[0].Bytes) return _times[0].Seconds;
        int next = Array.FindIndex(_times, time => time.Bytes >= bytes);
        if (next < 0) return _times[^1].Seconds * bytes / _times[^1].Bytes;
        (ExchangeTime low, ExchangeTime high) = (_times[next - 1], _times[next]);
        return low.Seconds + (high.Seconds - low.Seconds) * (bytes - low.Bytes) / (high.Bytes - low.Bytes);
    }
}
