using GpuCnn.Data;
using GpuCnn.Engine.Checkpoints;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Devices.Cpu;
using GpuCnn.Engine.Devices.OpenCl;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Losses;
using GpuCnn.Engine.Optimizers;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tensors;
using GpuCnn.Engine.Tuning;
using GpuCnn.Models;
using GpuCnn.Tests.Devices.OpenCl;
using GpuCnn.Tests.Layers;
using NUnit.Framework;

namespace GpuCnn.Tests.Training;

/// <summary>GPU devices train as the CPU does.</summary>
public sealed class GpuDevicesTests
{
    private const int Images = 32;

    public static IEnumerable<DeviceUnderTest> Fast =>
        DeviceUnderTest.All.Where(device => device.Family is not "debug" && !device.Family.StartsWith("cpu", StringComparison.Ordinal));

    /// <summary>Relative to the largest weight of each tensor.</summary>
    [TestCaseSource(nameof(Fast))]
    public void WeightsOfLeNetAfterTwentyStepsMatchTheCpu(DeviceUnderTest test)
    {
        Network network = Architecture.Find("lenet5").Build();
        Batch[] batches = [.. Enumerable.Range(0, 4).Select(i => Striped(network, i))];
        using var cpu = new CpuDevice();
        using Device device = test.Make();
        Dictionary<string, float[]> expected = Train(cpu), actual = Train(device), again = Train(device);
        foreach ((string path, float[] weights) in actual)
        {
            Closeness.Check($"{path} on {test}", weights, Numbers.ToDouble(expected[path]), 1e-4 * expected[path].Max(Math.Abs));
            Closeness.CheckSameBits($"{path} on {test}, again", again[path], weights);
        }

        Dictionary<string, float[]> Train(Device on)
        {
            using ParameterStore parameters = on.CreateParameters(network, training: true);
            parameters.Initialize(seed: 3);
            using var plan = new Plan(parameters,
                new() { Images = Images, Loss = new SoftmaxCrossEntropy(), Training = true, Optimizer = new Sgd(0.9f, 5e-4f) });
            for (int step = 0; step < 20; step++) plan.Train(batches[step % batches.Length], 0.02f, seed: 3, (ulong)step);
            return parameters.ExportWeights().ToDictionary(weights => weights.Key, weights => weights.Value.Values);
        }
    }

    /// <summary>LeNet-5 on a slice of MNIST: within 0.2 points of the CPU.</summary>
    [TestCaseSource(nameof(Fast))]
    public void LearnsDigitsAsWellAsTheCpu(DeviceUnderTest test)
    {
        const int batch = 64, steps = 80, tested = 1000;
        LocatedDataset data = DatasetLocator.Open(TestData.Require("mnist"));
        Network network = Architecture.Find("lenet5").Build();
        var preprocessor = new ImagePreprocessor(new ModelMetadata("lenet5", network.Input, data.Classes, [0.1f], [0.3f], ImageFit.Pad));
        var train = new ImageDataset(data.Train, preprocessor);
        var held = new ImageDataset(data.Validation!, preprocessor);
        using var cpu = new CpuDevice();
        using Device device = test.Make();
        double expected = Accuracy(cpu);
        Assert.That(expected, Is.GreaterThan(0.8));
        Assert.That(Accuracy(device), Is.EqualTo(expected).Within(0.002), $"on {test}");

        double Accuracy(Device on)
        {
            using ParameterStore parameters = on.CreateParameters(network, training: true);
            parameters.Initialize(seed: 1);
            using (var plan = new Plan(parameters,
                new() { Images = batch, Loss = new SoftmaxCrossEntropy(), Training = true, Optimizer = new Sgd(0.9f, 5e-4f) }))
            using (IBatchReader reader = train.ReadTraining(batch, seed: 1, firstStep: 0))
                for (int step = 0; step < steps; step++) plan.Train(reader.Next()!, 0.02f, seed: 1, (ulong)step);
            using var evaluation = new Plan(parameters, new() { Images = 100, Loss = new SoftmaxCrossEntropy() });
            using IBatchReader images = held.ReadEvaluation(100);
            int right = 0;
            for (int seen = 0; seen < tested; seen += 100) right += evaluation.Evaluate(images.Next()!).Top1;
            return (double)right / tested;
        }
    }

    [Test]
    public void OutOfMemorySaysTheLargestBatch()
    {
        OpenClDeviceInfo info = OpenClTestDevice.Require();
        Network network = Architecture.Find("lenet5").Build();
        const long limit = 8 << 20;
        using (var device = new OpenClDevice("opencl:0", info, memoryLimit: limit))
        {
            using (ParameterStore parameters = device.CreateParameters(network, training: true))
            {
                parameters.Initialize(1);
                using var plan = new Plan(parameters, new() { Images = 4096, Loss = new SoftmaxCrossEntropy(), Training = true });
                string message = OneLine.Thrown(
                    () => plan.ComputeGradients(SyntheticBatch.Of(network, 4096)), "lenet5", "batch of 4096", "opencl:0",
                    "the largest batch that fits is").Message;
                int fits = int.Parse(
                    message.Split("that fits is ")[1].Split([':', '.'])[0], System.Globalization.CultureInfo.InvariantCulture);
                using (var most = new Plan(parameters,
                    new() { Images = fits, Loss = new SoftmaxCrossEntropy(), Training = true }))
                    most.ComputeGradients(SyntheticBatch.Of(network, fits));
                using var more = new Plan(parameters, new() { Images = fits + 1, Loss = new SoftmaxCrossEntropy(), Training = true });
                Assert.Throws<DeviceOutOfMemoryException>(() => more.ComputeGradients(SyntheticBatch.Of(network, fits + 1)));
            }
            Assert.That(device.LiveObjects, Is.Empty);
            Assert.That(device.AllocatedBytes, Is.Zero);
        }
    }

    /// <summary>Makes images to learn from: bright stripes whose place is the label.</summary>
    private static Batch Striped(Network network, int number)
    {
        Batch batch = SyntheticBatch.Of(network, Images);
        Shape shape = network.Input;
        for (int i = 0; i < Images; i++)
        {
            batch.Labels[i] = (i * 7 + number) % 10;
            for (int column = 0; column < shape.Width; column++)
                batch.Images[i * shape.Count + batch.Labels[i] * 3 * shape.Width + column] += 3;
        }
        return batch;
    }
}
