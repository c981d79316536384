namespace GpuCnn.Cli.Training;

/// <summary>The smoothed losses of a run's last steps, for a plot.</summary>
internal sealed class LossCurve
{
    /// <summary>Steps that are kept.</summary>
    public const int Steps = 100;

    /// <summary>Fewer steps are no curve yet.</summary>
    public const int Fewest = 10;

    private const double Smoothing = 0.9;

    private readonly double[] _values = new double[Steps];
    private long _count;
    private double _mean, _weight;

    /// <summary>Adds a step's mean loss. One that is not finite, for its batch had no readable image, is passed over.</summary>
    public void Add(double loss)
    {
        if (!double.IsFinite(loss)) return;
        _mean = Smoothing * _mean + (1 - Smoothing) * loss;
        _weight = Smoothing * _weight + (1 - Smoothing);
        _values[_count++ % Steps] = _mean / _weight;
    }

    /// <summary>The kept values, the oldest first; none while they are too few.</summary>
    public IReadOnlyList<double> Values()
    {
        if (_count < Fewest) return [];
        int kept = (int)Math.Min(_count, Steps);
        return [.. Enumerable.Range(0, kept).Select(i => _values[(_count - kept + i) % Steps])];
    }
}
