using GpuCnn.Engine.Devices.Cpu;
using GpuCnn.Engine.Losses;
using GpuCnn.Engine.Tensors;

namespace GpuCnn.Tests.Layers;

/// <summary>
/// loss = sum of r y with fixed r, so dy = r: makes every value of an output of any shape count, each with another weight, a multiple of
/// 1/8 in [-1, 1].
/// </summary>
internal sealed class ProjectionLoss : Loss
{
    public static float Weight(long index) => (index * 7919 % 9973 * 31 % 17 - 8) / 8f;

    public override void CheckOutput(Shape output) { }

    public override unsafe void Emit(CpuLossEmitter emitter)
    {
        CpuTensor y = emitter.Logits;
        emitter.Launch("projection", () => new OneChunk(() =>
        {
            CpuTensor? dy = emitter.Gradient;
            if (dy != null) new Span<float>(dy.Pointer, (int)dy.Count).Clear();
            int count = y.Shape.Count;
            for (int image = 0; image < emitter.Images; image++)
            {
                double loss = 0;
                for (int i = 0; i < count; i++)
                {
                    int at = image * y.CountPerImage + y.IndexOf(i);
                    float weight = Weight((long)image * count + i);
                    loss += weight * (double)y.Pointer[at];
                    if (dy != null) dy.Pointer[at] = weight;
                }
                emitter.Losses[image] = (float)loss;
                emitter.Ranks[image] = 0;
            }
        }));
    }
}
