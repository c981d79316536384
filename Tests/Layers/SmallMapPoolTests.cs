using System.Globalization;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tensors;
using GpuCnn.Tests.Plans;
using NUnit.Framework;

namespace GpuCnn.Tests.Layers;

/// <summary>
/// Ceil-mode pools over maps that are smaller than the window, on every device. The outputs and gradients are those of PyTorch 1.13 in
/// float64, of pixels 7 i mod 11 - 5 and the output gradients of <see cref="ProjectionLoss"/>.
/// </summary>
public sealed class SmallMapPoolTests
{
    [TestCase("max", 2, 2, "3 3 2 2 0 0", "5", "0 0 0 -1")]
    [TestCase("average", 2, 2, "3 3 2 2 0 0", "0", "-0.25 -0.25 -0.25 -0.25")]
    [TestCase("max", 2, 5, "3 3 2 2 0 0", "4 5", "0 0 0 0.125 0 0 -1 0 0 0")]
    [TestCase("average", 2, 5, "3 3 2 2 0 0", "-0.666666666667 0.5",
        "-0.166666666667 -0.166666666667 -0.145833333333 0.020833333333 0.020833333333 "
        + "-0.166666666667 -0.166666666667 -0.145833333333 0.020833333333 0.020833333333")]
    [TestCase("max", 1, 1, "5 4 3 4 1 0", "-5", "-1")]
    [TestCase("average", 1, 1, "5 4 3 4 1 0", "-1.666666666667", "-0.333333333333")]
    [TestCase("inside", 1, 1, "5 4 3 4 1 0", "-5", "-1")]
    [TestCase("max", 1, 4, "6 9 4 3 1 2", "5", "0 0 0 -1")]
    [TestCase("average", 1, 4, "6 9 4 3 1 2", "0", "-0.041666666667 -0.041666666667 -0.041666666667 -0.041666666667")]
    [TestCase("inside", 1, 4, "6 9 4 3 1 2", "0", "-0.25 -0.25 -0.25 -0.25")]
    [TestCase("max", 3, 2, "4 4 3 3 0 1", "5", "0 0 0 -1 0 0")]
    [TestCase("inside", 3, 2, "4 4 3 3 0 1", "-0.333333333333",
        "-0.166666666667 -0.166666666667 -0.166666666667 -0.166666666667 -0.166666666667 -0.166666666667")]
    public void PoolsAsPyTorchDoes(string kind, int rows, int columns, string window, string output, string gradient)
    {
        int[] w = [.. window.Split(' ').Select(int.Parse)];
        foreach (DeviceUnderTest test in DeviceUnderTest.All)
        {
            using Device device = test.Make();
            Layer pool = kind == "max" ? new MaxPool2d((w[0], w[1]), (w[2], w[3]), (w[4], w[5]), ceilMode: true)
                : new AvgPool2d((w[0], w[1]), (w[2], w[3]), (w[4], w[5]), ceilMode: true, countPadding: kind == "average");
            using var network = new TestNetwork(
                device, new Sequential { { "pool", pool } }, Shape.Volume(1, rows, columns),
                new PlanOptions { Images = 1, Training = true, InputGradient = true, Loss = new ProjectionLoss() });
            network.Batch.SetChannelsFirst([.. Enumerable.Range(0, rows * columns).Select(i => (float)(7 * i % 11 - 5))]);
            network.Plan.ComputeGradients(network.Batch);
            Check("output", network.ReadOutput(), output);
            Check("input gradient", network.ReadInputGradient(), gradient);

            void Check(string what, float[] actual, string expected)
            {
                double[] values = [.. expected.Split(' ').Select(value => double.Parse(value, CultureInfo.InvariantCulture))];
                Assert.That(actual, Has.Length.EqualTo(values.Length), $"{test}: {what}");
                for (int i = 0; i < values.Length; i++) Assert.That(actual[i], Is.EqualTo(values[i]).Within(2e-6), $"{test}: {what} {i}");
            }
        }
    }
}
