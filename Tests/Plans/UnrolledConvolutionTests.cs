using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tensors;
using GpuCnn.Tests.Layers;
using NUnit.Framework;

namespace GpuCnn.Tests.Plans;

/// <summary>
/// A convolution is a fully connected layer whose weights are mostly zero (each unit sees a window) and otherwise shared (all windows have
/// the same weights). Values are multiples of 1/8, so both give exactly the same.
/// </summary>
public sealed class UnrolledConvolutionTests
{
    private const int Images = 3;

    [Test]
    public void IsASparseWeightSharedFullyConnectedLayer(
        [ValueSource(typeof(DeviceUnderTest), nameof(DeviceUnderTest.All))] DeviceUnderTest test, [Values(1, 2)] int stride,
        [Values(0, 1)] int padding)
    {
        const int filters = 5, size = 3;
        Shape input = Shape.Volume(3, 6, 7);
        using Device device = test.Make();
        var options = new PlanOptions { Images = Images, Training = true, InputGradient = true, Loss = new ProjectionLoss() };
        var layers = new Sequential { { "conv", new Conv2d(filters, size, stride, padding) }, new Flatten() };
        using var convolution = new TestNetwork(device, layers, input, options);
        int units = convolution.Network.Output.Shape.Count, window = input.Channels * size * size;
        using var connected = new TestNetwork(device, new Sequential { new Flatten(), { "fc", new Linear(units) } }, input, options);
        int height = (input.Height + 2 * padding - size) / stride + 1, width = (input.Width + 2 * padding - size) / stride + 1;
        Assert.That(units, Is.EqualTo(filters * height * width));

        // For each weight of the matrix, the filter's weight that it shares, or -1 if the unit does not see the input.
        int[] shared = [.. Enumerable.Repeat(-1, units * input.Count)];
        for (int unit = 0; unit < units; unit++)
            for (int tap = 0; tap < window; tap++)
            {
                int filter = unit / (height * width), p = unit / width % height, q = unit % width;
                int channel = tap / (size * size);
                int row = p * stride + tap / size % size - padding, column = q * stride + tap % size - padding;
                if (row < 0 || row >= input.Height || column < 0 || column >= input.Width) continue;
                shared[unit * input.Count + (channel * input.Height + row) * input.Width + column] = filter * window + tap;
            }

        float[] weights = Numbers.Eighths(filters * window, seed: 1), biases = Numbers.Eighths(filters, seed: 2);
        convolution.Batch.SetChannelsFirst(Numbers.Eighths(Images * input.Count, seed: 3));
        convolution.Batch.Images.CopyTo(connected.Batch.Images, 0);
        convolution.SetWeights("conv.weight", weights);
        convolution.SetWeights("conv.bias", biases);
        connected.SetWeights("fc.weight", [.. shared.Select(weight => weight < 0 ? 0 : weights[weight])]);
        connected.SetWeights("fc.bias", [.. Enumerable.Range(0, units).Select(unit => biases[unit / (height * width)])]);
        convolution.Plan.ComputeGradients(convolution.Batch);
        connected.Plan.ComputeGradients(connected.Batch);

        Assert.That(convolution.ReadOutput(), Has.Some.Not.Zero);
        Assert.That(convolution.ReadOutput(), Is.EqualTo(connected.ReadOutput()), "outputs");
        Assert.That(convolution.ReadInputGradient(), Is.EqualTo(connected.ReadInputGradient()), "input gradients");
        var sums = new float[weights.Length];
        foreach ((float gradient, int weight) in connected.Gradient("fc.weight").Zip(shared))
            if (weight >= 0) sums[weight] += gradient;
        Assert.That(convolution.Gradient("conv.weight"), Is.EqualTo(sums), "weight gradients, summed over the shared positions");
        float[] biasSums = [.. connected.Gradient("fc.bias").Chunk(height * width).Select(unitsOfFilter => unitsOfFilter.Sum())];
        Assert.That(convolution.Gradient("conv.bias"), Is.EqualTo(biasSums), "bias gradients, summed over the shared positions");
    }
}
