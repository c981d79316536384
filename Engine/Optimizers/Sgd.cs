using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Sets;
using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.Optimizers;

namespace GpuCnn.Engine.Optimizers;

/// <summary>
/// Stochastic gradient descent with momentum, as in PyTorch: g += decay w; v = momentum v + g; w -= rate v, or, with <see
/// cref="Nesterov"/>, w -= rate (g + momentum v).
/// </summary>
public sealed class Sgd : Optimizer
{
    private const string Velocity = "velocity";

    /// <param name="decaysVectors">Whether weight decay also applies to biases and to the scales of norms, as in PyTorch by
    /// default.</param>
    /// <param name="maxFilterRms">Limit of each convolution filter's root mean square; 0 for none.</param>
    public Sgd(float momentum = 0.9f, float weightDecay = 0, bool nesterov = false, bool decaysVectors = true, float maxFilterRms = 0)
    {
        Momentum = momentum;
        WeightDecay = weightDecay;
        Nesterov = nesterov;
        DecaysVectors = decaysVectors;
        MaxFilterRms = maxFilterRms;
    }

    public override string Name => "sgd";

    public override IReadOnlyList<string> Slots => [Velocity];

    [Setting("Momentum.", AtLeast = 0, Below = 1)]
    public float Momentum { get; init => field = Setting.Check(this, value); }

    [Setting("Nesterov's form of momentum.", WhenTrue = "Nesterov's form")]
    public bool Nesterov { get; init; }

    [Setting("Weight decay.", AtLeast = 0)]
    public float WeightDecay { get; init => field = Setting.Check(this, value); }

    [Setting(
        "Whether weight decay applies to biases and to the scales of norms too.", WhenTrue = "of biases and norms too",
        WhenFalse = "none of biases and norms")]
    public bool DecaysVectors { get; init; }

    public override void Check()
    {
        if (Nesterov && Momentum == 0)
            throw new SettingConflictException("sgd expects a momentum above 0 for Nesterov's form, but got 0.", ["nesterov", "momentum"]);
    }

    protected override unsafe void Emit(UpdateEmitter emitter)
    {
        foreach ((ParameterRange range, long decayed) in emitter.Order.UpdateRanges(WeightDecay, DecaysVectors))
        {
            DeviceBuffer<float> weights = emitter.Weights(range), gradients = emitter.Gradients(range),
                velocity = emitter.Slot(Velocity, range);
            emitter.Launch("sgd",
                l => new CpuSgdUpdate(
                    l.Read(emitter.Scalars(range)), l.Update(weights), l.Read(gradients), l.Update(velocity), range.Count, decayed,
                    Momentum, WeightDecay, Nesterov),
                l => l.Add(new SgdUpdate(
                    Nesterov, l.Read(emitter.Scalars(range)), l.Update(weights), l.Read(gradients), l.Update(velocity), (int)range.Count,
                    (int)decayed, Momentum, WeightDecay)));
        }
    }
}
