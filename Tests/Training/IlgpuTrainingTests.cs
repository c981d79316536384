using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Devices.Cpu;
using GpuCnn.Engine.Devices.Ilgpu;
using GpuCnn.Engine.Files;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Losses;
using GpuCnn.Engine.Optimizers;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tuning;
using GpuCnn.Models;
using GpuCnn.Tests.Devices.Ilgpu;
using GpuCnn.Tests.Layers;
using NUnit.Framework;

namespace GpuCnn.Tests.Training;

/// <summary>Tests LeNet-5 on ILGPU's devices, in addition to the tests of every device.</summary>
public sealed class IlgpuTrainingTests
{
    [Test]
    public void OneStepOnIlgpuCpuAcceleratorMatchesTheCpu()
    {
        using var cpu = new CpuDevice();
        using Device device = IlgpuCpuDevice.Open();
        Dictionary<string, float[]> expected = Train(cpu, images: 1, steps: 1), actual = Train(device, images: 1, steps: 1);
        foreach ((string path, float[] weights) in actual) Closeness.Check(path, weights, Numbers.ToDouble(expected[path]),
            1e-4 * expected[path].Max(Math.Abs));
    }

    /// <summary>Compiles every kernel of a run twice; each is compared with C# in its own tests. Takes most of a minute.</summary>
    [Test]
    public void UnrollingChangesNoBit()
    {
        if (Environment.GetEnvironmentVariable("GPUCNN_LONG_TESTS") != "1") Assert.Ignore("Takes long; GPUCNN_LONG_TESTS=1 runs it.");
        using Device unrolled = Open(unrolls: true), rolled = Open(unrolls: false);
        Dictionary<string, float[]> expected = Train(unrolled, images: 8, steps: 3), actual = Train(rolled, images: 8, steps: 3);
        foreach ((string path, float[] weights) in actual) Closeness.CheckSameBits(path, weights, expected[path]);

        static Device Open(bool unrolls) =>
            IlgpuOpenClDevice.Open("opencl:0", IlgpuTestDevice.Require(), cache: new BinaryCache(null), unrolls: unrolls);
    }

    private static Dictionary<string, float[]> Train(Device device, int images, int steps)
    {
        Network network = Architecture.Find("lenet5").Build();
        using ParameterStore parameters = device.CreateParameters(network, training: true);
        parameters.Initialize(seed: 3);
        using var plan = new Plan(parameters,
            new() { Images = images, Loss = new SoftmaxCrossEntropy(), Training = true, Optimizer = new Sgd(0.9f, 5e-4f) });
        Batch batch = SyntheticBatch.Of(network, images);
        for (int step = 0; step < steps; step++) plan.Train(batch, 0.02f, seed: 3, (ulong)step);
        return parameters.ExportWeights().ToDictionary(weights => weights.Key, weights => weights.Value.Values);
    }
}
