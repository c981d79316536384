using GpuCnn.Engine;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Losses;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Sets;
using GpuCnn.Engine.Tensors;
using GpuCnn.Tests.Layers;
using GpuCnn.Tests.Plans;
using GpuCnn.Tests.Reference;
using NUnit.Framework;

namespace GpuCnn.Tests.Losses;

public sealed class SoftmaxCrossEntropyTests
{
    /// <summary>Loss and gradient are computed in float64 and rounded once, but from targets up to 1 in float32.</summary>
    private static readonly double Tolerance = Math.Pow(2, -22);

    [Test]
    public void MatchesTheReference(
        [Values(1, 2, 5, 8, 10, 33, 100)] int classes, [Values(1, 3, 9)] int images, [Values(0f, 0.1f)] float smoothing,
            [Values(1f, 40f)] float limit)
    {
        float[] x = Numbers.Reals(images * classes, seed: classes, limit);
        int[] labels = [.. Enumerable.Range(0, images).Select(i => i * 7 % classes)];
        Compare(new Dropout(0), Shape.Vector(classes), x, labels, smoothing);
    }

    [Test]
    public void ImagesWithoutALabelDoNotCount([Values(0, 1, 4)] int real)
    {
        float[] x = Numbers.Reals(5 * 10, seed: 2);
        int[] labels = [.. Enumerable.Range(0, 5).Select(i => i < real ? i : -1)];
        Compare(new Dropout(0), Shape.Vector(10), x, labels, smoothing: 0);
    }

    [Test]
    public void MixedLabelsShareTheTarget([Values(2, 10, 33)] int classes, [Values(0f, 0.1f)] float smoothing,
        [Values(1f, 40f)] float limit)
    {
        float[] shares = [0.3f, 1, 0, 0.5f, 0.875f, 0.1f];
        float[] x = Numbers.Reals(shares.Length * classes, seed: classes, limit);
        int[] labels = [.. Enumerable.Range(0, shares.Length).Select(i => i * 7 % classes)];
        int[] others = [.. labels.Skip(1), labels[0]];
        (labels[^1], others[^1]) = (-1, -1);
        Compare(new Dropout(0), Shape.Vector(classes), x, labels, smoothing, others, shares);
    }

    /// <summary>Devices are tested against the reference, so its gradient is tested against its own losses.</summary>
    [Test]
    public void TheReferenceGradientIsTheSlopeOfItsLosses([Values(0f, 0.1f)] float smoothing)
    {
        const int Classes = 7;
        const double Step = 1e-5;
        double[] x = Numbers.ToDouble(Numbers.Reals(3 * Classes, seed: 4, limit: 3));
        int[] labels = [2, 5, 0], others = [3, 5, 6];
        float[] shares = [0.3f, 0.6f, 0];
        double[] gradient = ReferenceSoftmaxCrossEntropy.Gradient(Classes, x, labels, smoothing, others, shares);
        for (int i = 0; i < x.Length; i++)
        {
            double slope = (Mean(i, Step) - Mean(i, -Step)) / (2 * Step);
            Assert.That(gradient[i], Is.EqualTo(slope).Within(1e-9), $"x[{i}]");
        }

        double Mean(int i, double change)
        {
            double[] moved = [.. x];
            moved[i] += change;
            return ReferenceSoftmaxCrossEntropy.Losses(Classes, moved, labels, smoothing, others, shares).Average();
        }
    }

    /// <summary>Hinge loss takes one label per image.</summary>
    [Test]
    public void OtherLossesRefuseMixedLabels()
    {
        using Device device = DeviceUnderTest.All[0].Make();
        using ParameterStore parameters = device.CreateParameters(new Network("test", new Linear(3), Shape.Vector(4)), training: true);
        Assert.That(() => new Plan(parameters, new PlanOptions { Images = 2, MixedLabels = true, Loss = new HingeLoss() }),
            Throws.ArgumentException);
    }

    /// <summary>A view keeps the storage of its volume; classes are counted in the vector.</summary>
    [TestCase("10x1x1")]
    [TestCase("3x2x2")]
    [TestCase("9x1x3")]
    public void CountsTheClassesOfAFlattenedVolume(string input)
    {
        Assert.That(Shape.TryParse(input, out Shape shape), Is.True);
        int classes = shape.Count;
        Compare(new Flatten(), shape, Numbers.Reals(3 * classes, seed: 3), [0, classes / 2, classes - 1], smoothing: 0.1f);
    }

    [Test]
    public void HugeScoresGiveFiniteLosses()
    {
        float[] x = [1e30f, -1e30f, 0, 1e30f, 3e38f, -3e38f];
        foreach (DeviceUnderTest device in DeviceUnderTest.All)
        {
            (BatchResult right, float[] gradient) = Run(device, new Dropout(0), Shape.Vector(3), x, [0, 1], 0);
            Assert.That(right.LossSum, Is.Zero, $"{device}: the label has all of the probability");
            Assert.That(gradient, Has.All.Zero, $"{device}");
            (BatchResult wrong, gradient) = Run(device, new Dropout(0), Shape.Vector(3), x, [2, 1], 0);
            Assert.That(wrong.LossSum, Is.EqualTo(1e30).Within(1e23), $"{device}: the label has none");
            Assert.That(gradient, Is.EqualTo(new[] { 0.5f, 0, -0.5f, 0, 0, 0 }), $"{device}");
        }
    }

    /// <summary>A class before the label with the same score ranks above it, so that equal scores do not count as success.</summary>
    [Test]
    public void RanksTheLabel()
    {
        float[] x =
        [
            0, 1, 2, 3, 4, 5, 6, 7,
            7, 6, 5, 4, 3, 2, 1, 0,
            0, 0, 0, 0, 0, 0, 0, 0,
            0, 0, 0, 0, 0, 0, 0, 0,
        ];
        foreach (DeviceUnderTest device in DeviceUnderTest.All)
        {
            Assert.That(Ranks([7, 0, 0, 0]), Is.EqualTo((4, 4)), "first of all");
            Assert.That(Ranks([3, 4, 4, 5]), Is.EqualTo((0, 3)), "fifth, fifth, fifth, sixth");
            Assert.That(Ranks([2, 5, 7, 5]), Is.EqualTo((0, 0)), "sixth and later");
            Assert.That(Ranks([7, 0, 1, -1]), Is.EqualTo((2, 3)), "no label is no success");

            (int, int) Ranks(int[] labels)
            {
                BatchResult result = Run(device, new Dropout(0), Shape.Vector(8), x, labels, 0).Result;
                return (result.Top1, result.Top5);
            }
        }
    }

    [Test]
    public void RefusesAVolumeAndABadSmoothing()
    {
        var loss = new SoftmaxCrossEntropy();
        Assert.That(() => loss.CheckOutput(Shape.Volume(10, 2, 2)), Throws.TypeOf<GpuCnnException>().With.Message.Contains("10x2x2"));
        foreach (float smoothing in new[] { -0.1f, 1, float.NaN })
            Assert.That(() => new SoftmaxCrossEntropy(smoothing), Throws.TypeOf<SettingException>());
    }

    private static void Compare(Layer layer, Shape input, float[] x, int[] labels, float smoothing, int[]? others = null,
        float[]? shares = null)
    {
        double[] losses = ReferenceSoftmaxCrossEntropy.Losses(input.Count, Numbers.ToDouble(x), labels, smoothing, others, shares);
        double[] expected = ReferenceSoftmaxCrossEntropy.Gradient(input.Count, Numbers.ToDouble(x), labels, smoothing, others, shares);
        foreach (DeviceUnderTest device in DeviceUnderTest.All)
        {
            (BatchResult result, float[] gradient) = Run(device, layer, input, x, labels, smoothing, others, shares);
            Assert.That(result.LossSum, Is.EqualTo(losses.Sum()).Within(Tolerance * losses.Sum() + 1e-7), $"{device}");
            Closeness.Check($"{device}: gradient", gradient, expected, Tolerance / Math.Max(1, labels.Count(label => label >= 0)));
        }
    }

    private static (BatchResult Result, float[] Gradient) Run(
        DeviceUnderTest test, Layer layer, Shape input, float[] x, int[] labels, float smoothing, int[]? others = null,
            float[]? shares = null)
    {
        using Device device = test.Make();
        var network = new Network("test", layer, input);
        using ParameterStore parameters = device.CreateParameters(network, training: true, inputGradient: true);
        using var plan = new Plan(parameters, new PlanOptions
        {
            Images = labels.Length,
            Training = true,
            InputGradient = true,
            Loss = new SoftmaxCrossEntropy(smoothing),
            MixedLabels = others is not null,
        });
        var batch = new Batch(input, labels.Length) { Count = labels.Count(label => label >= 0) };
        batch.SetChannelsFirst(x);
        labels.CopyTo(batch.Labels, 0);
        others?.CopyTo(batch.Others, 0);
        shares?.CopyTo(batch.Shares, 0);
        BatchResult result = plan.ComputeGradients(batch);
        return (result, plan.GetInputGradientChannelsFirst());
    }
}
