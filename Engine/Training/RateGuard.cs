using System.Globalization;

namespace GpuCnn.Engine.Training;

/// <summary>
/// Halves the learning rate when the loss rises tenfold in the first epoch. The loss is a running mean over about 32 images, compared with
/// its first value, or with that of a network that guesses (ln of the classes) where this is larger. After it has halved, it looks away
/// for some steps, in which the loss may come down.
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

    /// <summary>Factor on the learning rate.</summary>
    public float Factor => MathF.ScaleB(1, -_halvings);

    /// <summary>State needed to resume, as text.</summary>
    public string State
    {
        get => string.Create(CultureInfo.InvariantCulture, $"{_mean:R} {_limit:R} {_halvings} {_paused}");
        set
        {
            string[] parts = value.Split(' ');
            if (parts.Length != 4 || !double.TryParse(parts[0], NumberStyles.Float, CultureInfo.InvariantCulture, out _mean)
                || !double.TryParse(parts[1], NumberStyles.Float, CultureInfo.InvariantCulture, out _limit)
                || !int.TryParse(parts[2], out _halvings) || !int.TryParse(parts[3], out _paused))
                throw new GpuCnnException($"The checkpoint's guard of the rate is '{value}', which cannot be read; it is damaged.");
        }
    }

    /// <summary>Looks at the mean loss of a step of the first epoch, and returns whether the rate is halved from now on.</summary>
    public bool Halves(double loss)
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
        return true;
    }
}
