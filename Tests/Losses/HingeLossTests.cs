using GpuCnn.Engine;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Losses;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tensors;
using GpuCnn.Tests.Layers;
using GpuCnn.Tests.Plans;
using GpuCnn.Tests.Reference;
using NUnit.Framework;

namespace GpuCnn.Tests.Losses;

public sealed class HingeLossTests
{
    [Test]
    public void MatchesTheReference([Values(1, 2, 5, 10, 33, 100, 300)] int classes, [Values(1, 3, 9)] int images,
        [Values(1f, 40f)] float limit)
    {
        int[] labels = [.. Enumerable.Range(0, images).Select(i => i * 7 % classes)];
        Compare(new Dropout(0), Shape.Vector(classes), Numbers.Reals(images * classes, seed: classes, limit), labels);
        // Some scores are exactly at the margin.
        Compare(new Dropout(0), Shape.Vector(classes), Numbers.Eighths(images * classes, seed: classes, limit), labels);
    }

    [Test]
    public void ImagesWithoutALabelDoNotCount([Values(0, 1, 4)] int real) =>
        Compare(new Dropout(0), Shape.Vector(10), Numbers.Reals(5 * 10, seed: 2),
            [.. Enumerable.Range(0, 5).Select(i => i < real ? i : -1)]);

    /// <summary>A view keeps the storage of its volume; classes are counted in the vector.</summary>
    [TestCase("10x1x1")]
    [TestCase("3x2x2")]
    public void CountsTheClassesOfAFlattenedVolume(string input)
    {
        Assert.That(Shape.TryParse(input, out Shape shape), Is.True);
        Compare(new Flatten(), shape, Numbers.Reals(3 * shape.Count, seed: 3), [0, shape.Count / 2, shape.Count - 1]);
    }

    /// <summary>Checks the slope of the reference away from kinks.</summary>
    [Test]
    public void TheReferenceMatchesFiniteDifferences()
    {
        const double h = 1e-6;
        double[] x = Numbers.ToDouble(Numbers.Reals(3 * 7, seed: 4)), gradient = ReferenceHingeLoss.Gradient(7, x, [2, -1, 6]);
        for (int i = 0; i < x.Length; i++)
        {
            double[] up = [.. x], down = [.. x];
            up[i] += h;
            down[i] -= h;
            double higher = ReferenceHingeLoss.Losses(7, up, [2, -1, 6]).Sum();
            double lower = ReferenceHingeLoss.Losses(7, down, [2, -1, 6]).Sum();
            double slope = (higher - lower) / (2 * h) / 2;
            Assert.That(gradient[i], Is.EqualTo(slope).Within(1e-8));
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
        ];
        foreach (DeviceUnderTest device in DeviceUnderTest.All)
        {
            Assert.That(Ranks([7, 0, 0]), Is.EqualTo((3, 3)), $"{device}: first of all");
            Assert.That(Ranks([3, 4, 5]), Is.EqualTo((0, 2)), $"{device}: fifth, fifth, sixth");
            Assert.That(Ranks([7, 1, -1]), Is.EqualTo((1, 2)), $"{device}: no label is no success");

            (int, int) Ranks(int[] labels)
            {
                BatchResult result = Run(device, new Dropout(0), Shape.Vector(8), x, labels).Result;
                return (result.Top1, result.Top5);
            }
        }
    }

    /// <summary>A head's weighted loss is added to the network's own; the ranks are the network's own.</summary>
    [Test]
    public void HeadAddsItsWeightedLoss()
    {
        float[] x = Numbers.Reals(3 * 6, seed: 7);
        int[] labels = [1, 5, 0];
        double whole = 1.25 * ReferenceHingeLoss.Losses(6, Numbers.ToDouble(x), labels).Sum();
        double[] expected = [.. ReferenceHingeLoss.Gradient(6, Numbers.ToDouble(x), labels).Select(value => 1.25 * value)];
        foreach (DeviceUnderTest device in DeviceUnderTest.All)
        {
            (BatchResult result, float[] gradient) = Run(device,
                new Sequential { new TrainingHead(new DirtyLanes(), 0.25f), new DirtyLanes() }, Shape.Vector(6), x, labels);
            Assert.That(result.LossSum, Is.EqualTo(whole).Within(1e-5), $"{device}");
            Closeness.Check($"{device}: gradient", gradient, expected, 1e-6);
        }
    }

    [Test]
    public void RefusesAVolume() =>
        Assert.That(() => new HingeLoss().CheckOutput(Shape.Volume(10, 2, 2)),
            Throws.TypeOf<GpuCnnException>().With.Message.Contains("10x2x2"));

    private static void Compare(Layer layer, Shape input, float[] x, int[] labels)
    {
        double[] losses = ReferenceHingeLoss.Losses(input.Count, Numbers.ToDouble(x), labels);
        double[] expected = ReferenceHingeLoss.Gradient(input.Count, Numbers.ToDouble(x), labels);
        foreach (DeviceUnderTest device in DeviceUnderTest.All)
        {
            (BatchResult result, float[] gradient) = Run(device, layer, input, x, labels);
            Assert.That(result.LossSum, Is.EqualTo(losses.Sum()).Within(Math.Pow(2, -22) * losses.Sum()), $"{device}");
            Closeness.Check($"{device}: gradient", gradient, expected, Math.Pow(2, -22) * input.Count);
        }
    }

    private static (BatchResult Result, float[] Gradient) Run(DeviceUnderTest test, Layer layer, Shape input, float[] x, int[] labels)
    {
        using Device device = test.Make();
        var network = new Network("test", layer, input);
        using ParameterStore parameters = device.CreateParameters(network, training: true, inputGradient: true);
        using var plan = new Plan(parameters,
            new PlanOptions { Images = labels.Length, Training = true, InputGradient = true, Loss = new HingeLoss() });
        var batch = new Batch(input, labels.Length) { Count = labels.Count(label => label >= 0) };
        batch.SetChannelsFirst(x);
        labels.CopyTo(batch.Labels, 0);
        BatchResult result = plan.ComputeGradients(batch);
        return (result, plan.GetInputGradientChannelsFirst());
    }
}
