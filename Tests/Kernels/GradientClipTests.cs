using GpuCnn.Engine.Checkpoints;
using GpuCnn.Kernels.Optimizers;
using GpuCnn.Tests.Compiler;
using GpuCnn.Tests.Layers;
using NUnit.Framework;

namespace GpuCnn.Tests.Kernels;

public sealed class GradientClipTests<TDevice> : KernelTests<TDevice> where TDevice : SampleDevice, new()
{
    protected override void RunAll() => ScalesToTheLimit(1088, 0.5f);

    /// <summary>One part and several; more parts than threads of the group that adds them.</summary>
    [TestCase(64, 0.5f)]
    [TestCase(8256, 3f)]
    [TestCase(300 * 8192 + 64, 7f)]
    public void ScalesToTheLimit(int count, float limit)
    {
        float[] gradients = Numbers.Reals(count, 3);
        double norm = Math.Sqrt(gradients.Sum(g => (double)g * g)), factor = limit / (norm + 1e-6);
        Assert.That(factor, Is.LessThan(1), "the limit takes effect");
        double[] expected = [.. gradients.Select(g => g * factor)];
        Closeness.Check("clipped", Clipped(gradients, limit), expected, Closeness.Tolerance(16, Math.Pow(2, -22), expected));
    }

    /// <summary>PyTorch's clip_grad_norm_ in float64 (make_clip.py).</summary>
    [Test]
    public void MatchesPyTorch()
    {
        using SafetensorsFile golden = SafetensorsFile.Open(Path.Combine(AppContext.BaseDirectory, "Golden", "clip.safetensors"));
        float[] gradients = golden.ReadTensor("gradients").Values, limits = golden.ReadTensor("limits").Values;
        float[][] clipped = [.. golden.ReadTensor("clipped").Values.Chunk(gradients.Length)];
        foreach ((int row, float limit) in limits.Index())
        {
            double[] expected = Numbers.ToDouble(clipped[row]);
            Closeness.Check($"limit {limit}", Clipped(gradients, limit), expected, Closeness.Tolerance(8, Math.Pow(2, -22), expected));
        }
    }

    /// <summary>Below the limit, and without a gradient, nothing changes, not even the last bit.</summary>
    [TestCase(1f)]
    [TestCase(0f)]
    public void BelowTheLimitNothingChanges(float scale)
    {
        float[] gradients = [.. Numbers.Reals(128, 4).Select(g => g * scale)];
        Closeness.CheckSameBits("gradients", Clipped(gradients, 1000), gradients);
    }

    /// <summary>A NaN does not vanish: the loss of the next step shows it. An infinite norm leaves zeros, as PyTorch's does.</summary>
    [Test]
    public void GradientsThatAreNotFiniteAreNotHidden()
    {
        float[] gradients = Numbers.Reals(64, 5);
        gradients[7] = float.NaN;
        Assert.That(Clipped(gradients, 1), Is.All.NaN);
        gradients[7] = float.PositiveInfinity;
        float[] clipped = Clipped(gradients, 1);
        Assert.That(clipped[7], Is.NaN);
        Assert.That(clipped.Where((_, i) => i != 7), Is.All.Zero);
    }

    private float[] Clipped(float[] gradients, float limit)
    {
        // A store's run is padded with zeros to a multiple of 64.
        int count = (gradients.Length + 63) / 64 * 64, groups = GradientNorm.Parts(count);
        float[] padded = new float[count];
        gradients.CopyTo(padded, 0);
        DeviceBuffer<float> g = Device.Buffer<float>(padded), parts = Device.Unset<float>(groups), factor = Device.Unset<float>(1);
        var norm = new GradientNorm(g, parts, count, groups);
        Run(norm, norm.Groups);
        var ratio = new GradientFactor(parts, factor, groups, limit);
        Run(ratio, ratio.Groups);
        var scale = new GradientScale(factor, g, count);
        Run(scale, scale.Groups);
        return g.Span[..gradients.Length].ToArray();
    }
}
