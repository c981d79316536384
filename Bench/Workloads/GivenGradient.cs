using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Losses;
using GpuCnn.Engine.Tensors;
using GpuCnn.Kernels.Cpu;
using GpuCnn.Kernels.Language;

namespace GpuCnn.Bench.Workloads;

/// <summary>
/// Replaces a loss, so that a network of one layer has a backward pass: its output's gradient is <see cref="Pattern.OutputGradient"/>.
/// </summary>
internal sealed class GivenGradient : Loss
{
    /// <summary>Nobody asks for it by name.</summary>
    public override string Name => "";

    public override void CheckOutput(Shape output) { }

    public override unsafe void Emit(LossEmitter emitter)
    {
        if (emitter.Gradient is not { } gradient) return;
        emitter.Launch("given gradient",
            l => new Fill(l.Write(gradient), gradient),
            l => l.Add(new PatternFill(
                l.Write(gradient), Pattern.OutputGradient, (int)gradient.Count, gradient.Stored.Channels, gradient.Stored.Area)));
    }

    private sealed unsafe class Fill(float* values, DeviceTensor gradient) : ICpuKernel
    {
        public int Chunks => gradient.Images;

        public void Run(int chunk)
        {
            int count = gradient.Shape.Count;
            float* image = values + (nint)chunk * gradient.CountPerImage;
            new Span<float>(image, gradient.CountPerImage).Clear();
            for (int i = 0; i < count; i++) image[gradient.IndexOf(i)] = Pattern.At(Pattern.OutputGradient, (long)chunk * count + i);
        }
    }
}
