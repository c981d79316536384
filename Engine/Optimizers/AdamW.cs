using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Sets;
using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.Optimizers;

namespace GpuCnn.Engine.Optimizers;

/// <summary>
/// Adam with decoupled weight decay as PyTorch's AdamW defines it (Loshchilov and Hutter, 2017, https://arxiv.org/abs/1711.05101):
/// w -= rate decay w; m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g g; w -= rate / (1 - b1^t) m / (sqrt(v / (1 - b2^t)) + epsilon).
/// t is the run's step, counted from 1.
/// </summary>
public sealed class AdamW : Optimizer
{
    private const string Mean = "exp_avg", Square = "exp_avg_sq";

    /// <param name="decaysVectors">
    /// Whether weight decay applies to biases and to the scales of norms too, as it does in PyTorch by default.
    /// </param>
    public AdamW(double beta1 = 0.9, double beta2 = 0.999, float epsilon = 1e-8f, float weightDecay = 0.01f, bool decaysVectors = true)
    {
        Beta1 = beta1;
        Beta2 = beta2;
        Epsilon = epsilon;
        WeightDecay = weightDecay;
        DecaysVectors = decaysVectors;
    }

    public override string Name => "adamw";

    /// <summary>PyTorch's names of the averages of gradients and of their squares.</summary>
    public override IReadOnlyList<string> Slots => [Mean, Square];

    [Setting("Share of the average of gradients that a step keeps.", AtLeast = 0, Below = 1)]
    public double Beta1 { get; init => field = Setting.Check(this, value); }

    [Setting("Share of the average of squared gradients that a step keeps.", AtLeast = 0, Below = 1)]
    public double Beta2 { get; init => field = Setting.Check(this, value); }

    [Setting("Added to the root of the average of squared gradients.", Above = 0)]
    public float Epsilon { get; init => field = Setting.Check(this, value); }

    [Setting("Weight decay.", AtLeast = 0)]
    public float WeightDecay { get; init => field = Setting.Check(this, value); }

    [Setting(
        "Whether weight decay applies to biases and to the scales of norms too.", WhenTrue = "of biases and norms too",
        WhenFalse = "none of biases and norms")]
    public bool DecaysVectors { get; init; }

    protected override unsafe void Emit(UpdateEmitter emitter)
    {
        foreach ((ParameterRange range, long decayed) in emitter.Order.UpdateRanges(WeightDecay, DecaysVectors))
        {
            DeviceBuffer<float> weights = emitter.Weights(range), gradients = emitter.Gradients(range);
            DeviceBuffer<float> means = emitter.Slot(Mean, range), squares = emitter.Slot(Square, range);
            emitter.Launch("adamw",
                l => new CpuAdamWUpdate(
                    l.Read(emitter.Scalars(range)), l.Update(weights), l.Read(gradients), l.Update(means), l.Update(squares), range.Count,
                    decayed, Beta1, Beta2, Epsilon, WeightDecay),
                l => l.Add(new AdamWUpdate(
                    l.Read(emitter.Scalars(range)), l.Update(weights), l.Read(gradients), l.Update(means), l.Update(squares),
                    (int)range.Count, (int)decayed, AdamBetas.Of(Beta1, Beta2), Epsilon, WeightDecay)));
        }
    }
}
