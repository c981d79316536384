using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Sets;
using GpuCnn.Kernels.Language;
using GpuCnn.Kernels.Optimizers;

namespace GpuCnn.Engine.Optimizers;

/// <summary>
/// SGD with a rate of its own for each tensor (You, Gitman and Ginsburg, 2017, https://arxiv.org/abs/1708.03888), as NVIDIA's apex LARC
/// without clipping defines it: factor = trust |w| / (|g| + decay |w| + epsilon); g = factor (g + decay w);
/// v = momentum v + g; w -= rate v. A tensor whose weights or gradient are all zero has a factor of 1 and no decay.
/// </summary>
public sealed class Lars : Optimizer
{
    private const string Velocity = "velocity";
    private const float Epsilon = 1e-8f;

    /// <param name="adaptsVectors">Whether biases and the scales of norms have rates of their own too, or SGD's rate.</param>
    /// <param name="decaysVectors">Whether weight decay applies to them.</param>
    public Lars(
        float momentum = 0.9f, float weightDecay = 0, float trust = 1e-3f, bool adaptsVectors = true, bool decaysVectors = true)
    {
        Momentum = momentum;
        WeightDecay = weightDecay;
        Trust = trust;
        AdaptsVectors = adaptsVectors;
        DecaysVectors = decaysVectors;
    }

    public override string Name => "lars";

    public override IReadOnlyList<string> Slots => [Velocity];

    [Setting("Momentum.", AtLeast = 0, Below = 1)]
    public float Momentum { get; init => field = Setting.Check(this, value); }

    [Setting("Weight decay.", AtLeast = 0)]
    public float WeightDecay { get; init => field = Setting.Check(this, value); }

    [Setting("Share of a tensor's norm that a step of rate 1 changes.", Above = 0)]
    public float Trust { get; init => field = Setting.Check(this, value); }

    [Setting("Whether biases and scales of norms have rates of their own too.")]
    public bool AdaptsVectors { get; init; }

    [Setting(
        "Whether weight decay applies to biases and to the scales of norms too.", WhenTrue = "of biases and norms too",
        WhenFalse = "none of biases and norms")]
    public bool DecaysVectors { get; init; }

    protected override unsafe void Emit(UpdateEmitter emitter)
    {
        foreach (ParameterRange range in emitter.Order.Tensors)
        {
            float decay = range.IsVector && !DecaysVectors ? 0 : WeightDecay;
            DeviceBuffer<float> weights = emitter.Weights(range), gradients = emitter.Gradients(range);
            DeviceBuffer<float> velocity = emitter.Slot(Velocity, range);
            if (range.IsVector && !AdaptsVectors)
            {
                emitter.Launch("lars sgd",
                    l => new CpuSgdUpdate(
                        l.Read(emitter.Scalars(range)), l.Update(weights), l.Read(gradients), l.Update(velocity), range.Count, range.Count,
                        Momentum, decay, nesterov: false),
                    l => l.Add(new SgdUpdate(
                        false, l.Read(emitter.Scalars(range)), l.Update(weights), l.Read(gradients), l.Update(velocity), (int)range.Count,
                        (int)range.Count, Momentum, decay)));
                continue;
            }
            int chunks = CpuLarsNorms.Parts(range.Count), groups = LarsNorms.Parts((int)range.Count);
            // Two sums per part: doubles of chunks, or floats of groups.
            DeviceBuffer<double> parts = emitter.Workspace<double>("lars norms", 2L * Math.Max(chunks, groups));
            DeviceBuffer<float> local = emitter.Workspace<float>("lars rate", 2);
            emitter.Launch("lars norms",
                l => new CpuLarsNorms(l.Read(weights), l.Read(gradients), l.Write(parts), range.Count),
                l => l.Add(new LarsNorms(
                    l.Read(weights), l.Read(gradients), l.Write(parts.As<float>()), (int)range.Count, groups)));
            emitter.Launch("lars rate",
                l => new CpuLarsRate(l.Read(parts), l.Write(local), chunks, Trust, decay, Epsilon),
                l => l.Add(new LarsRate(l.Read(parts.As<float>()), l.Write(local), groups, Trust, decay, Epsilon)));
            emitter.Launch("lars",
                l => new CpuLarsUpdate(
                    l.Read(emitter.Scalars(range)), l.Read(local), l.Update(weights), l.Read(gradients), l.Update(velocity), range.Count,
                    Momentum),
                l => l.Add(new LarsUpdate(
                    l.Read(emitter.Scalars(range)), l.Read(local), l.Update(weights), l.Read(gradients), l.Update(velocity),
                        (int)range.Count,
                    Momentum)));
        }
    }
}
