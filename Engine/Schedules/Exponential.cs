using GpuCnn.Engine.Sets;

namespace GpuCnn.Engine.Schedules;

/// <summary>Drops the rate once an epoch, by the factor gamma: gamma^(epochs since warm-up), as PyTorch's ExponentialLR.</summary>
public sealed class Exponential : FixedSchedule
{
    /// <param name="gamma">Factor of each drop.</param>
    /// <param name="warmup">Epochs of linear warm-up.</param>
    public Exponential(float gamma = 0.95f, int warmup = 0) => (Gamma, Warmup) = (gamma, warmup);

    public override string Name => "exponential";

    [Setting("Factor of each drop.", Above = 0, AtMost = 1)]
    public float Gamma { get; init => field = Setting.Check(this, value); }

    protected override float FactorAt(Progress progress) => (float)Math.Pow(Gamma, progress.CurveEpoch);
}
