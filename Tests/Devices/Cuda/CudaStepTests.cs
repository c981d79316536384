using System.Diagnostics;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Devices.Cuda;
using GpuCnn.Engine.Files;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Losses;
using GpuCnn.Engine.Optimizers;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tensors;
using GpuCnn.Engine.Tuning;
using GpuCnn.Models;
using GpuCnn.Tests.Plans;
using NUnit.Framework;

namespace GpuCnn.Tests.Devices.Cuda;

/// <summary>What a training step costs the host, counted on a driver whose kernels do nothing.</summary>
public sealed class CudaStepTests
{
    // So many that each half of the memory for small values is used again.
    private const int Steps = 1000;

    private static readonly string[] Waits =
        ["cuStreamSynchronize", "cuCtxSynchronize", "cuEventSynchronize", "cuMemcpyHtoD_v2", "cuMemcpyDtoH_v2", "cuMemcpy"];

    /// <summary>Where the device is done with the step before, nothing is waited for; the whole step is one graph.</summary>
    [TestCase(1)]
    [TestCase(3)]
    public void AStepIsOneGraphAndWaitsForNothing(int accumulate)
    {
        var fake = new FakeCuda("STEPS");
        fake.Set("forgets", 1);
        using (var device = new CudaDevice("cuda-c:0", fake.Device(), new BinaryCache(null)))
        using (TestNetwork network = Small(device, accumulate))
        {
            network.Parameters.Initialize(1);
            var steps = new SteadySteps(network.Plan, network.Batch, 0.05f);
            fake.Set("eager", 1);
            Run(steps, 4);
            int waits = Waits.Sum(fake.Calls), calls = fake.AllCalls - fake.Calls("cuCtxSetCurrent");
            (int graphs, int kernels, int captures) = (fake.Calls("cuGraphLaunch"), fake.Calls("cuLaunchKernel"), Captures(fake));
            long bytes = GC.GetAllocatedBytesForCurrentThread();
            Run(steps, Steps);
            bytes = GC.GetAllocatedBytesForCurrentThread() - bytes;
            Assert.Multiple(() =>
            {
                Assert.That(Waits.Sum(fake.Calls) - waits, Is.Zero, "waits");
                Assert.That(fake.Calls("cuGraphLaunch") - graphs, Is.EqualTo(accumulate * Steps));
                Assert.That(fake.Calls("cuLaunchKernel") - kernels, Is.Zero);
                Assert.That(Captures(fake) - captures, Is.Zero, "further graphs");
                Assert.That(bytes, Is.Zero, "bytes allocated");
                // Two or four small values, the wait for the images, the graph, the marks of images that were read and of losses, whether
                // both have come, and the next images.
                int made = fake.AllCalls - fake.Calls("cuCtxSetCurrent") - calls;
                Assert.That((double)made / Steps, Is.LessThan(accumulate == 1 ? 12 : 16 * accumulate));
            });
            steps.Finish();
        }
        Assert.That((fake.Problems, fake.Live), Is.EqualTo(("", 0)));
    }

    /// <summary>Also where outputs are read, of a plan with a loss or without.</summary>
    [Test]
    public void AnEvaluationIsOneGraphAndWaitsForNothing([Values] bool hasLoss)
    {
        var fake = new FakeCuda("STEPS");
        fake.Set("forgets", 1);
        using (var device = new CudaDevice("cuda-c:0", fake.Device(), new BinaryCache(null)))
        using (var network = new TestNetwork(device, TestNetwork.SmallNet(), Shape.Volume(3, 18, 18),
            new() { Images = 6, Loss = hasLoss ? new SoftmaxCrossEntropy() : null, UploadsAhead = true }))
        {
            network.Parameters.Initialize(1);
            Plan plan = network.Plan;
            var output = new float[60];
            Func<Batch?> again = () => network.Batch;
            fake.Set("eager", 1);
            Begin();
            Run(4);
            (int waits, int graphs, int captures) = (Waits.Sum(fake.Calls), fake.Calls("cuGraphLaunch"), Captures(fake));
            long bytes = GC.GetAllocatedBytesForCurrentThread();
            Run(Steps);
            bytes = GC.GetAllocatedBytesForCurrentThread() - bytes;
            Assert.Multiple(() =>
            {
                Assert.That(Waits.Sum(fake.Calls) - waits, Is.Zero, "waits");
                Assert.That(fake.Calls("cuGraphLaunch") - graphs, Is.EqualTo(Steps));
                Assert.That(Captures(fake) - captures, Is.Zero, "further graphs");
                Assert.That(bytes, Is.Zero, "bytes allocated");
            });
            End();

            void Run(int count)
            {
                for (int i = 0; i < count; i++)
                {
                    Begin();
                    End();
                }
            }

            void Begin()
            {
                if (hasLoss) plan.BeginEvaluation(network.Batch, readsOutput: true, next: again);
                else plan.BeginInference(network.Batch, again);
            }

            void End()
            {
                if (hasLoss) plan.EndEvaluation(output);
                else plan.EndInference(output);
            }
        }
        Assert.That((fake.Problems, fake.Live), Is.EqualTo(("", 0)));
    }

    /// <summary>Where the device is as late as can be, a step waits for the losses before the last and for its own images.</summary>
    [Test]
    public void AStepWaitsForTheLossesBeforeTheLast()
    {
        var fake = new FakeCuda("STEPS");
        fake.Set("forgets", 1);
        using (var device = new CudaDevice("cuda-c:0", fake.Device(), new BinaryCache(null)))
        using (TestNetwork network = Small(device, accumulate: 1))
        {
            network.Parameters.Initialize(1);
            var steps = new SteadySteps(network.Plan, network.Batch, 0.05f);
            Run(steps, 4);
            int events = fake.Calls("cuEventSynchronize"), streams = fake.Calls("cuStreamSynchronize");
            Run(steps, Steps);
            Assert.That(fake.Calls("cuStreamSynchronize") - streams, Is.Zero);
            Assert.That(fake.Calls("cuEventSynchronize") - events, Is.LessThanOrEqualTo(2 * Steps + 8));
            steps.Finish();
        }
        Assert.That((fake.Problems, fake.Live), Is.EqualTo(("", 0)));
    }

    /// <summary>ResNet-50 as it trains: a few driver calls a step, whatever the number of kernels.</summary>
    [Test]
    public void ResNet50TakesFewCalls()
    {
        (double microseconds, double calls, int kernels) = Measure(steps: 50);
        TestContext.Out.WriteLine($"{microseconds:F1} us of the host per step, {calls:F1} driver calls, {kernels} kernels");
        Assert.That(kernels, Is.GreaterThan(300));
        Assert.That(calls, Is.LessThan(15), "two of them wait");
        Assert.That(microseconds, Is.LessThan(5000), "on a machine that does other things");
    }

    /// <summary>The median time of a step over a number of them, without the time in which the driver runs commands.</summary>
    private static (double Microseconds, double Calls, int Kernels) Measure(int steps)
    {
        var fake = new FakeCuda("RESNET");
        fake.Set("forgets", 1);
        fake.Set("memory", 8L << 30);
        using var device = new CudaDevice("cuda-c:0", fake.Device(), new BinaryCache(null));
        Architecture architecture = Architecture.Find("resnet50");
        Network network = architecture.Build(Shape.Volume(3, 64, 64), 10, architecture.Recipe);
        using ParameterStore parameters = device.CreateParameters(network, training: true);
        using var plan = new Plan(parameters, Options(2));
        parameters.Initialize(1);
        var pending = new SteadySteps(plan, new Batch(network.Input, 2) { Count = 2 }, 0.05f);
        Run(pending, 4);
        int kernels = fake.Calls("cuLaunchKernel"), calls = fake.AllCalls - fake.Calls("cuCtxSetCurrent");
        var times = new double[steps];
        for (int step = 0; step < steps; step++)
        {
            TimeSpan busy = fake.Busy;
            long start = Stopwatch.GetTimestamp();
            pending.Run();
            times[step] = (Stopwatch.GetElapsedTime(start) - (fake.Busy - busy)).TotalMicroseconds;
        }
        double perStep = (fake.AllCalls - fake.Calls("cuCtxSetCurrent") - calls) / (double)steps;
        pending.Finish();
        Array.Sort(times);
        // A graph for each place of images.
        return (times[steps / 2], perStep, kernels / 2);
    }

    private static void Run(SteadySteps steps, int count)
    {
        for (int i = 0; i < count; i++) steps.Run();
    }

    private static TestNetwork Small(CudaDevice device, int accumulate) =>
        new(device, TestNetwork.SmallNet(), Shape.Volume(3, 18, 18), Options(6) with { Accumulate = accumulate });

    private static PlanOptions Options(int images) => new()
    {
        Images = images,
        Loss = new SoftmaxCrossEntropy(),
        Training = true,
        Optimizer = new Sgd(weightDecay: 1e-4f),
        UploadsAhead = true,
    };

    private static int Captures(FakeCuda fake) => fake.Calls("cuStreamBeginCapture_v2");
}
