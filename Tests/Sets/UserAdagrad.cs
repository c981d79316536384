using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Optimizers;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Sets;
using GpuCnn.Kernels;
using GpuCnn.Kernels.Cpu;
using GpuCnn.Kernels.Language;

namespace GpuCnn.Tests.Sets;

/// <summary>An optimizer as a user writes one (Duchi et al., 2011): s += g g; w -= rate g / (sqrt(s) + epsilon).</summary>
public sealed class UserAdagrad : Optimizer
{
    private const string Sum = "sum";

    public override string Name => "user-adagrad";

    public override IReadOnlyList<string> Slots => [Sum];

    [Setting("Added to the root of the sum.", Above = 0)]
    public float Epsilon { get; init => field = Setting.Check(this, value); } = 1e-4f;

    protected override unsafe void Emit(UpdateEmitter emitter)
    {
        foreach ((ParameterRange range, _) in emitter.Order.DecayRanges(0, true))
        {
            DeviceBuffer<float> weights = emitter.Weights(range), gradients = emitter.Gradients(range), sums = emitter.Slot(Sum, range);
            int count = (int)range.Count;
            emitter.Launch("adagrad",
                l => new CpuUserAdagrad(
                    l.Read(emitter.Scalars(range)), l.Update(weights), l.Read(gradients), l.Update(sums), range.Count, Epsilon),
                l => l.Add(
                    new UserAdagradUpdate(
                        l.Read(emitter.Scalars(range)), l.Update(weights), l.Read(gradients), l.Update(sums), count, Epsilon),
                    new Size3(Size3.Groups(count, 64))));
        }
    }

    private sealed unsafe class CpuUserAdagrad(
        StepScalars* scalars, float* weights, float* gradients, float* sums, long count, float epsilon) : ICpuKernel
    {
        public int Chunks => 1;

        public void Run(int chunk)
        {
            for (long i = 0; i < count; i++)
            {
                sums[i] += gradients[i] * gradients[i];
                weights[i] -= scalars->LearningRate * gradients[i] / (MathF.Sqrt(sums[i]) + epsilon);
            }
        }
    }
}

/// <summary><see cref="UserAdagrad"/> on a GPU, a weight a thread.</summary>
/// <param name="scalars">[1] the learning rate.</param>
/// <param name="weights">[count]; updated.</param>
/// <param name="gradients">[count]</param>
/// <param name="sums">[count]; updated.</param>
[Kernel(64)]
internal readonly partial struct UserAdagradUpdate(
    ReadOnlyView<StepScalars> scalars, View<float> weights, ReadOnlyView<float> gradients, View<float> sums, int count, float epsilon)
{
    public void Execute()
    {
        int i = GlobalId.X;
        if (i >= count) return;
        float gradient = gradients[i], sum = sums[i] + gradient * gradient;
        sums[i] = sum;
        weights[i] -= scalars[0].LearningRate * gradient / (KernelMath.Sqrt(sum) + epsilon);
    }
}
