using GpuCnn.Engine.Devices.Cpu;
using GpuCnn.Engine.Devices.Gpu;
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

    public override void Emit(CpuLossEmitter emitter)
    {
        if (emitter.Gradient is { } gradient) emitter.Launch("given gradient", () => new Fill(gradient));
    }

    public override void Emit(GpuLossEmitter emitter)
    {
        if (emitter.Gradient is { } gradient)
            emitter.Launch("given gradient", launches => launches.Add(
                new PatternFill(gradient.View, Pattern.OutputGradient, gradient.Count, gradient.Stored.Channels, gradient.Stored.Area)));
    }

    private sealed unsafe class Fill(CpuTensor gradient) : ICpuKernel
    {
        public int Chunks => gradient.Images;

        public void Run(int chunk)
        {
            int count = gradient.Shape.Count;
            float* image = gradient.Pointer + (nint)chunk * gradient.CountPerImage;
            new Span<float>(image, gradient.CountPerImage).Clear();
            for (int i = 0; i < count; i++) image[gradient.IndexOf(i)] = Pattern.At(Pattern.OutputGradient, (long)chunk * count + i);
        }
    }
}
