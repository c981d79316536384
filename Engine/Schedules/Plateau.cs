using System.Globalization;
using GpuCnn.Engine.Sets;

namespace GpuCnn.Engine.Schedules;

/// <summary>
/// Multiplies the rate by gamma when the validation error has not improved for more than some epochs: the rule of the 2012 AlexNet, where
/// it was applied by hand, with the meaning of PyTorch's ReduceLROnPlateau in mode "min" with a relative threshold. Its eps is 0 here.
/// </summary>
public sealed class Plateau : Schedule
{
    /// <param name="patience">Epochs without improvement that are let pass; the next one drops the rate.</param>
    /// <param name="gamma">Factor of each drop.</param>
    /// <param name="warmup">Epochs of linear warm-up.</param>
    /// <param name="threshold">An error counts as better when it is below (1 - threshold) times the best.</param>
    /// <param name="cooldown">Epochs after a drop in which none is counted.</param>
    /// <param name="minLr">The rate never drops below this.</param>
    public Plateau(
        int patience = 3, float gamma = 0.1f, int warmup = 0, float threshold = 1e-4f, int cooldown = 0, float minLr = 0)
    {
        (Patience, Gamma, Warmup) = (patience, gamma, warmup);
        (Threshold, Cooldown, MinLr) = (threshold, cooldown, minLr);
    }

    public override string Name => "plateau";

    [Setting("Epochs without improvement that are let pass; the next one drops the rate.", AtLeast = 0)]
    public int Patience { get; init => field = Setting.Check(this, value); }

    [Setting("Factor of each drop.", Above = 0, AtMost = 1)]
    public float Gamma { get; init => field = Setting.Check(this, value); }

    [Setting("Share of the best error by which an epoch has to be better to count.", AtLeast = 0, Below = 1)]
    public float Threshold { get; init => field = Setting.Check(this, value); }

    [Setting("Epochs after a drop in which none is counted.", AtLeast = 0)]
    public int Cooldown { get; init => field = Setting.Check(this, value); }

    [Setting("Rate below which it never drops.", AtLeast = 0)]
    public float MinLr { get; init => field = Setting.Check(this, value); }

    protected override RunningSchedule Begin() => new Running(this);

    private sealed class Running(Plateau schedule) : RunningSchedule
    {
        private double _best = double.PositiveInfinity;
        private int _waited, _drops, _cooling;

        public override float FactorAt(Progress progress)
        {
            float factor = MathF.Pow(schedule.Gamma, _drops), least = schedule.MinLr / progress.BaseRate;
            // A base rate that is lower from the start stays.
            return _drops > 0 && factor < least ? Math.Min(1, least) : factor;
        }

        public override void EndEpoch(double error)
        {
            if (error < _best * (1 - (double)(decimal)schedule.Threshold))
            {
                _best = error;
                _waited = 0;
            }
            else _waited++;
            if (_cooling > 0)
            {
                _cooling--;
                _waited = 0;
            }
            if (_waited <= schedule.Patience) return;
            _waited = 0;
            _drops++;
            _cooling = schedule.Cooldown;
        }

        /// <summary>Text of versions without cooldown has three parts.</summary>
        public override string State
        {
            get => string.Create(CultureInfo.InvariantCulture, $"{_best:R} {_waited} {_drops} {_cooling}");
            set
            {
                string[] parts = value.Split(' ');
                _cooling = 0;
                if (parts.Length is not (3 or 4)
                    || !double.TryParse(parts[0], NumberStyles.Float, CultureInfo.InvariantCulture, out _best)
                    || !int.TryParse(parts[1], out _waited) || !int.TryParse(parts[2], out _drops)
                    || parts.Length == 4 && !int.TryParse(parts[3], out _cooling))
                    throw new GpuCnnException(
                        $"The plateau schedule cannot continue from '{value}'; the checkpoint is damaged or belongs to another schedule.");
            }
        }
    }
}
