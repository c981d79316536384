using System.Globalization;

namespace GpuCnn.Engine.Training;

/// <summary>
/// Halves the learning rate when the loss rises tenfold in the first epoch. The loss is a running mean over about 32 images, compared with
/// its first value, or with that of a network that guesses (ln of the classes) where this is larger. After it has halved, it looks away
/// for some steps, in which the loss may come down. What it decides by a step's loss counts from the second step after it on, on all
/// devices, for some know the loss only when the next step has begun.
/// </summary>
/// <param name="batch">Images of a step.</param>
/// <param name="classes">Classes of the network.</param>
internal sealed class RateGuard(int batch, int classes)
{
    private const double Rise = 10;
    private const float Images = 32;
    private const int Pause = 10;

    private readonly double _weight = Math.Min(1, batch / Images);
    private double _mean = double.NaN, _limit = double.PositiveInfinity;
    private int _halvings, _paused;

    // First step, from 0, for which the last halving counts.
    private long _from;

    /// <summary>Factor on the learning rate after all that it has seen.</summary>
    public float Factor => MathF.ScaleB(1, -_halvings);

    /// <summary>
    /// Whether the next step may begin before a step's loss is known. False for runs that began when decisions counted for the next step.
    /// </summary>
    public bool IsLate { get; private set; } = true;

    /// <summary>State needed to resume, as text. That of an earlier run has no step of the last halving.</summary>
    public string State
    {
        get
        {
            string state = string.Create(CultureInfo.InvariantCulture, $"{_mean:R} {_limit:R} {_halvings} {_paused}");
            return IsLate ? string.Create(CultureInfo.InvariantCulture, $"{state} {_from}") : state;
        }
        set
        {
            string[] parts = value.Split(' ');
            IsLate = parts.Length == 5;
            _from = 0;
            if (parts.Length is not (4 or 5) || !double.TryParse(parts[0], NumberStyles.Float, CultureInfo.InvariantCulture, out _mean)
                || !double.TryParse(parts[1], NumberStyles.Float, CultureInfo.InvariantCulture, out _limit)
                || !int.TryParse(parts[2], out _halvings) || !int.TryParse(parts[3], out _paused)
                || (IsLate && !long.TryParse(parts[4], NumberStyles.None, CultureInfo.InvariantCulture, out _from)))
                throw new GpuCnnException($"The checkpoint's guard of the rate is '{value}', which cannot be read; it is damaged.");
        }
    }

    /// <summary>Returns the factor on the learning rate of a step that has not been done.</summary>
    /// <param name="step">From 0. The losses of steps up to the second before it were seen, and maybe that of the one before.</param>
    public float FactorAt(long step) => MathF.ScaleB(1, step < _from ? 1 - _halvings : -_halvings);

    /// <summary>Looks at the mean loss of a step of the first epoch, and returns whether the rate is halved by it.</summary>
    /// <param name="step">From 0, in ascending order.</param>
    public bool Halves(double loss, long step)
    {
        if (double.IsNaN(_mean))
        {
            _mean = loss;
            _limit = Rise * Math.Max(loss, Math.Log(classes));
            return false;
        }
        _mean += _weight * (loss - _mean);
        if (_paused > 0) _paused--;
        if (_paused > 0 || _mean <= _limit) return false;
        _halvings++;
        _paused = Pause;
        _from = step + (IsLate ? 2 : 1);
        return true;
    }
}
