using System.Globalization;
using GpuCnn.Engine.Sets;

namespace GpuCnn.Engine.Schedules;

/// <summary>
/// Multiplies the rate by gamma when the validation error has not improved for some epochs (the rule of the 2012 AlexNet, where it was
/// applied by hand).
/// </summary>
public sealed class Plateau : Schedule
{
    /// <param name="patience">Epochs without improvement before a drop.</param>
    /// <param name="gamma">Factor of each drop.</param>
    /// <param name="warmup">Epochs of linear warm-up.</param>
    public Plateau(int patience = 3, float gamma = 0.1f, int warmup = 0) => (Patience, Gamma, Warmup) = (patience, gamma, warmup);

    public override string Name => "plateau";

    [Setting("Epochs without improvement before a drop.", AtLeast = 1)]
    public int Patience { get; init => field = Setting.Check(this, value); }

    [Setting("Factor of each drop.", Above = 0, AtMost = 1)]
    public float Gamma { get; init => field = Setting.Check(this, value); }

    protected override RunningSchedule Begin() => new Running(this);

    private sealed class Running(Plateau schedule) : RunningSchedule
    {
        private double _best = double.PositiveInfinity;
        private int _waited, _drops;

        public override float FactorAt(Progress progress) => MathF.Pow(schedule.Gamma, _drops);

        public override void EndEpoch(double error)
        {
            if (error < _best)
            {
                _best = error;
                _waited = 0;
            }
            else if (++_waited >= schedule.Patience)
            {
                _waited = 0;
                _drops++;
            }
        }

        public override string State
        {
            get => string.Create(CultureInfo.InvariantCulture, $"{_best:R} {_waited} {_drops}");
            set
            {
                string[] parts = value.Split(' ');
                if (parts.Length != 3
                    || !double.TryParse(parts[0], NumberStyles.Float, CultureInfo.InvariantCulture, out _best)
                    || !int.TryParse(parts[1], out _waited) || !int.TryParse(parts[2], out _drops))
                    throw new GpuCnnException(
                        $"The plateau schedule cannot continue from '{value}'; the checkpoint is damaged or belongs to another schedule.");
            }
        }
    }
}
