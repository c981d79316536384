using GpuCnn.Engine.Sets;

namespace GpuCnn.Engine.Schedules;

/// <summary>Multiplies the rate by gamma every few epochs: gamma^(epoch / epochs), rounded down.</summary>
public sealed class Step : FixedSchedule
{
    /// <param name="epochs">Epochs between drops.</param>
    /// <param name="gamma">Factor of each drop.</param>
    /// <param name="warmup">Epochs of linear warm-up.</param>
    public Step(int epochs = 30, float gamma = 0.1f, int warmup = 0) => (Epochs, Gamma, Warmup) = (epochs, gamma, warmup);

    public override string Name => "step";

    [Setting("Epochs between drops.", Name = "step-epochs", AtLeast = 1)]
    public int Epochs { get; init => field = Setting.Check(this, value); }

    [Setting("Factor of each drop.", Above = 0, AtMost = 1)]
    public float Gamma { get; init => field = Setting.Check(this, value); }

    protected override float FactorAt(Progress progress) => MathF.Pow(Gamma, progress.Epoch / Epochs);
}
