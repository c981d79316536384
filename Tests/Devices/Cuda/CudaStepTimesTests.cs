using GpuCnn.Engine.Devices.Cuda;
using GpuCnn.Engine.Files;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tuning;
using GpuCnn.Models;
using NUnit.Framework;

namespace GpuCnn.Tests.Devices.Cuda;

/// <summary>What a plan's steps take of a CUDA device, in time and in registers, on a driver of this processor.</summary>
public sealed class CudaStepTimesTests
{
    /// <summary>The device's clock times the steps, so that nothing waits between them.</summary>
    [Test]
    public void StepsAreTimedByTheDevice()
    {
        using var cuda = new CudaDevice("cuda-c:0", HostCuda.Device, new BinaryCache(null));
        Architecture lenet = Architecture.Find("lenet5");
        StepTimes times = StepTimes.MeasureTraining(lenet.Build(), cuda, lenet.Recipe.Settings with { Batch = 2 }, fewest: 1);
        Assert.Multiple(() =>
        {
            Assert.That(times.IsDeviceClock && !times.WaitsForDevice);
            Assert.That(times.Layers.SelectMany(layer => layer.Steps).Select(step => step.Seconds), Is.All.Positive);
            Assert.That(cuda.LiveObjects, Is.Empty, "not disposed of");
            Assert.That(HostCuda.Problems, Is.Empty);
        });
    }

    [Test]
    public void EachKernelTellsItsRegisters()
    {
        using var cuda = new CudaDevice("cuda-c:0", HostCuda.Device, new BinaryCache(null));
        Network network = Architecture.Find("lenet5").Build();
        using ParameterStore parameters = cuda.CreateParameters(network, training: false);
        using var plan = new Plan(parameters, new() { Images = 1 });
        parameters.Initialize(seed: 1);
        IReadOnlyList<(PlanStep Step, KernelResources Kernel)> kernels = plan.ReadKernelResources();
        Assert.That(kernels.Select(entry => entry.Step).Distinct(), Is.EqualTo(plan.StepUses), "each step has kernels");
        Assert.That(kernels.Select(entry => entry.Kernel), Is.All.Matches<KernelResources>(
            kernel => kernel is { Threads: > 0, Registers: > 0, Occupancy: > 0 and <= 1 }));
    }
}
