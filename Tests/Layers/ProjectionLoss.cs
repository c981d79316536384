using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Losses;
using GpuCnn.Engine.Tensors;
using GpuCnn.Kernels;
using GpuCnn.Kernels.Language;

namespace GpuCnn.Tests.Layers;

/// <summary>
/// loss = sum of r y with fixed r, so dy = r. Every value of an output of any shape counts with its own weight, a multiple of 1/8 in [-1,
/// 1]. The images of several ranks have the weights that they would have in one batch.
/// </summary>
internal sealed class ProjectionLoss : Loss
{
    /// <summary>Empty, because it is not selected by name.</summary>
    public override string Name => "";

    public static float Weight(long index) => (index * 7919 % 9973 * 31 % 17 - 8) / 8f;

    public override void CheckOutput(Shape output) { }

    public override unsafe void Emit(LossEmitter emitter)
    {
        DeviceTensor y = emitter.Logits;
        DeviceTensor? dy = emitter.Gradient;
        emitter.Launch("projection",
            l =>
            {
                float* values = l.Read(y), gradient = l.Write(dy), losses = l.Write(emitter.Losses);
                int* ranks = l.Write(emitter.Ranks);
                StepScalars* scalars = l.Read(emitter.Scalars);
                return new OneChunk(() =>
                {
                    if (dy is not null) new Span<float>(gradient, (int)dy.Count).Clear();
                    int count = y.Shape.Count;
                    for (int image = 0; image < emitter.Images; image++)
                    {
                        double loss = 0;
                        for (int i = 0; i < count; i++)
                        {
                            int at = image * y.CountPerImage + y.IndexOf(i);
                            float weight = Weight(((long)scalars->FirstImage + image) * count + i);
                            loss += weight * (double)values[at];
                            if (dy is not null) gradient[at] = weight;
                        }
                        losses[image] = (float)loss;
                        ranks[image] = 0;
                    }
                });
            },
            l => l.Add(
                new ProjectionKernel(
                    dy is not null, l.Read(emitter.Scalars), l.Read(y), l.Write(dy), l.Write(emitter.Losses), l.Write(emitter.Ranks),
                    y.Shape.Count, y.Stored.Channels, y.Stored.Area),
                new Size3(emitter.Images)));
    }
}

/// <summary><see cref="ProjectionLoss"/>, one thread per image.</summary>
/// <param name="scalars">[1] Gives the place of the first image.</param>
/// <param name="y">[N][area][channels]; the weights are in channel order.</param>
/// <param name="dy">Like y; overwritten with the weights if there is a gradient.</param>
/// <param name="losses">[N]</param>
/// <param name="ranks">[N]; zeros.</param>
[Kernel(1)]
internal readonly partial struct ProjectionKernel(
    [Specialization] Flag gradient, ReadOnlyView<StepScalars> scalars, ReadOnlyView<float> y, View<float> dy, View<float> losses,
    View<int> ranks, int count, int channels, int area)
{
    public void Execute()
    {
        int image = GroupId.X, place = scalars[0].FirstImage + image;
        float loss = 0;
        for (int i = 0; i < count; i++)
        {
            int at = image * count + i % area * channels + i / area;
            float weight = ((place * count + i) % 9973 * 7919 % 9973 * 31 % 17 - 8) / 8f;
            loss += weight * y[at];
            if (gradient) dy[at] = weight;
        }
        losses[image] = loss;
        ranks[image] = 0;
    }
}
