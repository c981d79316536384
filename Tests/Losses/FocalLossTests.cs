using GpuCnn.Engine.Checkpoints;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Losses;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Sets;
using GpuCnn.Engine.Tensors;
using GpuCnn.Tests.Layers;
using GpuCnn.Tests.Reference;
using NUnit.Framework;

namespace GpuCnn.Tests.Losses;

public sealed class FocalLossTests
{
    [Test]
    public void MatchesTheReference(
        [ValueSource(typeof(DeviceUnderTest), nameof(DeviceUnderTest.All))] DeviceUnderTest test, [Values(2, 10, 33)] int classes,
        [Values(0f, 0.5f, 2f)] float gamma, [Values(null, 0.25f)] float? alpha)
    {
        float[] x = Numbers.Reals(4 * classes, seed: classes, limit: 4);
        int[] labels = [0, classes - 1, 1, -1];
        double[] losses = ReferenceFocalLoss.Losses(classes, Numbers.ToDouble(x), labels, gamma, alpha);
        double[] expected = ReferenceFocalLoss.Gradient(classes, Numbers.ToDouble(x), labels, gamma, alpha);
        (BatchResult result, float[] gradient) = Run(test, new FocalLoss(gamma, alpha), classes, x, labels);
        Assert.That(result.LossSum, Is.EqualTo(losses.Sum()).Within(2e-6 * losses.Sum()), $"{test}");
        Closeness.Check($"{test}: gradient", gradient, expected, 4e-6 * expected.Max(Math.Abs));
    }

    /// <summary>A focus of 0 is cross-entropy.</summary>
    [Test]
    public void WithoutFocusItIsCrossEntropy()
    {
        float[] x = Numbers.Reals(3 * 10, seed: 7, limit: 5);
        foreach (DeviceUnderTest test in DeviceUnderTest.All)
        {
            (BatchResult focal, float[] gradient) = Run(test, new FocalLoss(gamma: 0), 10, x, [3, 0, 9]);
            (BatchResult entropy, float[] expected) = Run(test, new SoftmaxCrossEntropy(), 10, x, [3, 0, 9]);
            Assert.That(focal.LossSum, Is.EqualTo(entropy.LossSum).Within(1e-5), $"{test}");
            Closeness.Check($"{test}", gradient, Numbers.ToDouble(expected), 1e-6);
        }
    }

    /// <summary>Certain and hopeless images, for which 1 - p and p round to zero.</summary>
    [Test]
    public void HugeScoresGiveFiniteNumbers()
    {
        float[] x = [200, 0, -200, 200, 0, -200];
        foreach (DeviceUnderTest test in DeviceUnderTest.All)
        {
            (BatchResult result, float[] gradient) = Run(test, new FocalLoss(), 3, x, [0, 2]);
            Assert.That(result.LossSum, Is.EqualTo(400).Within(1e-3), $"{test}");
            Assert.That(gradient[..3], Is.All.Zero, $"{test}: nothing is left to learn");
            Assert.That(gradient[3..], Is.EqualTo(new[] { 0.5f, 0, -0.5f }).Within(1e-6f), $"{test}");
        }
    }

    /// <summary>Devices are tested against the reference, so its gradient is tested against its own losses.</summary>
    [TestCase(0, null)]
    [TestCase(0.5, null)]
    [TestCase(2, 0.25)]
    public void TheReferenceGradientIsTheSlopeOfItsLosses(double gamma, double? alpha)
    {
        const int Classes = 7;
        const double Step = 1e-6;
        double[] x = Numbers.ToDouble(Numbers.Reals(3 * Classes, seed: 4, limit: 3));
        int[] labels = [2, 5, 0];
        double[] gradient = ReferenceFocalLoss.Gradient(Classes, x, labels, gamma, alpha);
        for (int i = 0; i < x.Length; i++)
        {
            double slope = (Mean(i, Step) - Mean(i, -Step)) / (2 * Step);
            Assert.That(gradient[i], Is.EqualTo(slope).Within(1e-8), $"x[{i}]");
        }

        double Mean(int i, double change)
        {
            double[] moved = [.. x];
            moved[i] += change;
            return ReferenceFocalLoss.Losses(Classes, moved, labels, gamma, alpha).Average();
        }
    }

    /// <summary>PyTorch's float64 (make_focal.py).</summary>
    [TestCase("2", 2, null)]
    [TestCase("0.5", 0.5, null)]
    [TestCase("2alpha", 2, 0.25)]
    public void ReferenceMatchesPyTorch(string name, double gamma, double? alpha)
    {
        using SafetensorsFile golden = SafetensorsFile.Open(Path.Combine(AppContext.BaseDirectory, "Golden", "focal.safetensors"));
        double[] logits = Values("logits");
        int[] labels = [.. Values("labels").Select(label => (int)label)];
        Assert.That(ReferenceFocalLoss.Losses(12, logits, labels, gamma, alpha), Is.EqualTo(Values($"{name}.losses")).Within(1e-6));
        Assert.That(ReferenceFocalLoss.Gradient(12, logits, labels, gamma, alpha), Is.EqualTo(Values($"{name}.gradient")).Within(1e-7));

        double[] Values(string tensor) => Numbers.ToDouble(golden.ReadTensor(tensor).Values);
    }

    [Test]
    public void RefusesBadNumbers()
    {
        foreach (float gamma in new[] { -1, float.NaN }) Assert.That(() => new FocalLoss(gamma), Throws.TypeOf<SettingException>());
        foreach (float alpha in new[] { -0.1f, 1.1f }) Assert.That(() => new FocalLoss(alpha: alpha), Throws.TypeOf<SettingException>());
    }

    private static (BatchResult Result, float[] Gradient) Run(DeviceUnderTest test, Loss loss, int classes, float[] x, int[] labels)
    {
        using Device device = test.Make();
        using ParameterStore parameters =
            device.CreateParameters(new Network("test", new Dropout(0), Shape.Vector(classes)), training: true, inputGradient: true);
        using var plan = new Plan(parameters, new() { Images = labels.Length, Training = true, InputGradient = true, Loss = loss });
        var batch = new Batch(Shape.Vector(classes), labels.Length) { Count = labels.Count(label => label >= 0) };
        x.CopyTo(batch.Images, 0);
        labels.CopyTo(batch.Labels, 0);
        BatchResult result = plan.ComputeGradients(batch);
        var gradient = new float[x.Length];
        plan.ReadInputGradient(gradient);
        return (result, gradient);
    }
}
