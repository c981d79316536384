using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Devices.Cpu;
using GpuCnn.Engine.Devices.Debug;
using GpuCnn.Engine.Devices.Gpu;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Losses;
using GpuCnn.Engine.Optimizers;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tensors;
using GpuCnn.Kernels.Pointwise;
using NUnit.Framework;

namespace GpuCnn.Tests.Plans;

/// <summary>A launch names its memory once: what it is given is what the memory plan knows of.</summary>
public sealed class LaunchMemoryTests
{
    private static readonly Shape Input = Shape.Volume(8, 4, 4);

    /// <summary>
    /// What a step may do wrong, how it goes on, and what the message says. Runs are counted from 1: emitted, then linked.
    /// </summary>
    public static IEnumerable<TestCaseData> Faults()
    {
        foreach (string device in new[] { "cpu", "debug" })
        {
            yield return Fault(device, "asks only when linked", (memory, run, scratch) => { if (run == 2) memory.Write(scratch); },
                "did not when it was emitted");
            yield return Fault(device, "asks only when emitted", (memory, run, scratch) => { if (run == 1) memory.Write(scratch); },
                "does not when it is linked");
            yield return Fault(device, "writes only when linked", (memory, run, scratch) =>
            {
                memory.Write(scratch);
                if (run == 2) memory.Read(scratch);
            }, "did not when it was emitted");
        }

        static TestCaseData Fault(string device, string name, Action<Memory, int, DeviceBuffer<float>> ask, string message) =>
            new TestCaseData(device, ask, message).SetArgDisplayNames(device, name);
    }

    [TestCaseSource(nameof(Faults))]
    public void BothRunsAskForTheSame(string name, object ask, string message)
    {
        using Device device = Open(name);
        using var network = new TestNetwork(
            device, new Copying((Action<Memory, int, DeviceBuffer<float>>)ask), Input, new() { Images = 2 });
        Assert.That(() => network.Plan.Infer(network.Batch),
            Throws.InvalidOperationException.With.Message.Contains("hidden").And.Message.Contains(message)
                .And.Message.Contains("Copying copy"));
    }

    [TestCase("cpu")]
    [TestCase("debug")]
    public void AReadBeforeAnyWriteIsRefused(string name)
    {
        using Device device = Open(name);
        Assert.That(() => new TestNetwork(device, new Copying((memory, _, scratch) => memory.Read(scratch)), Input, new() { Images = 2 }),
            Throws.InvalidOperationException.With.Message.Contains("Copying copy reads").And.Message.Contains("hidden"));
    }

    /// <summary>A launch that is kept gives no address later.</summary>
    [TestCase("cpu")]
    [TestCase("debug")]
    public void ALaunchEndsWithItsFunction(string name)
    {
        using Device device = Open(name);
        Memory? kept = null;
        DeviceBuffer<float>? buffer = null;
        using var network = new TestNetwork(device, new Copying((memory, _, scratch) =>
        {
            memory.Write(scratch);
            (kept, buffer) = (memory, scratch);
        }), Input, new() { Images = 2 });
        network.Plan.Infer(network.Batch);
        Assert.That(() => kept!.Write(buffer!), Throws.InvalidOperationException.With.Message.Contains("after its function had returned"));
    }

    [TestCase("cpu")]
    [TestCase("debug")]
    public void StepsRecordWhatTheyDoToParameters(string name)
    {
        using Device device = Open(name);
        using var network = new TestNetwork(device, new Sequential { new Flatten(), { "fc", new Linear(10) } }, Input, new()
        {
            Images = 2,
            Loss = new SoftmaxCrossEntropy(),
            Training = true,
            Optimizer = new Sgd(),
        });
        Assert.That(UsesOf("fc forward"), Is.EquivalentTo(new[] { "weights Read", "weights Read" }), "weights and biases");
        Assert.That(UsesOf("sgd"), Is.EquivalentTo(new[] { "weights Update", "gradients Read", "velocity Update" }));
        string[] written = [.. network.Plan.StepUses.SelectMany(step => step.Uses).Where(use => use.Access.HasFlag(Access.Write))
            .Select(use => use.Memory).OfType<ParameterMemory>()
                .Where(memory => memory.Run == "gradients").Select(memory => $"{memory.First}")];
        Assert.That(written.Distinct().Count(), Is.EqualTo(2), "the gradients of weights and biases are written");

        IEnumerable<string> UsesOf(string step) =>
            from use in network.Plan.StepUses.Single(found => found.Name == step).Uses
            where use.Memory is ParameterMemory
            select $"{((ParameterMemory)use.Memory).Run} {use.Access}";
    }

    [Test]
    public void AnOperatorWithoutKernelsIsNamed()
    {
        using var device = new CpuDevice(1);
        Assert.That(() => new TestNetwork(device, new Kernelless(), Input, new() { Images = 1 }),
            Throws.ArgumentException.With.Message.Contains("Kernelless").And.Message.Contains(nameof(IDeviceOperator)));
    }

    [Test]
    public void ThePlanChecksWhatItPlaced()
    {
        PlanBuffer a = Buffer("a"), b = Buffer("b"), kept = Buffer("kept", persistent: true);
        PlanStep[] steps =
        [
            new("first", [new(a, Access.Write), new(kept, Access.Read)]), new("second", [new(a, Access.Read), new(b, Access.Write)]),
            new("third", [new(b, Access.Update)]),
        ];
        foreach ((int step, PlanStep uses) in steps.Index())
            foreach (MemoryUse use in uses.Uses) ((PlanBuffer)use.Memory).UseAt(step);
        PlanBuffer[] buffers = [a, b, kept];
        MemoryPlan.Assign(buffers, steps.Length, 1 << 20);
        Assert.That(() => MemoryPlan.Check(buffers, steps), Throws.Nothing);

        b.Offset = a.Offset + 128;
        Assert.That(() => MemoryPlan.Check(buffers, steps),
            Throws.InvalidOperationException.With.Message.Contains("'a'").And.Message.Contains("'b'"));
        (a.Offset, b.Offset, kept.Offset) = (0, 4096, 0);
        Assert.That(() => MemoryPlan.Check(buffers, steps), Throws.InvalidOperationException.With.Message.Contains("'kept'"),
            "a kept buffer lives on");
        (a.Offset, b.Offset, kept.Offset) = (0, 4096, 8192);
        Assert.That(() => MemoryPlan.Check(buffers, [steps[1], steps[0], steps[2]]),
            Throws.InvalidOperationException.With.Message.Contains("second reads 'a'"));

        static PlanBuffer Buffer(string name, bool persistent = false) => new(name, 1024, persistent);
    }

    private static Device Open(string name) => name == "cpu" ? new CpuDevice(2) : new DebugDevice();

    /// <summary>A launch of either side, for tests that only ask.</summary>
    private sealed unsafe class Memory(CpuLaunch? cpu, GpuLaunch? gpu)
    {
        public void Read(DeviceBuffer<float> buffer)
        {
            if (cpu is not null) _ = cpu.Read(buffer);
            else gpu!.Read(buffer);
        }

        public void Write(DeviceBuffer<float> buffer)
        {
            if (cpu is not null) _ = cpu.Write(buffer);
            else gpu!.Write(buffer);
        }
    }

    /// <summary>y = x, by a launch that also asks for scratch.</summary>
    private sealed class Copying(Action<Memory, int, DeviceBuffer<float>> ask) : UnaryOperator, IDeviceOperator
    {
        protected override Shape InferShape(Shape input) => input;

        public unsafe void EmitForward(Emitter emitter)
        {
            DeviceTensor x = emitter.Input(), y = emitter.Output;
            DeviceBuffer<float> scratch = emitter.Workspace<float>("hidden", 64);
            int run = 0;
            emitter.Launch("copy",
                l =>
                {
                    ask(new(l, null), ++run, scratch);
                    return new CpuPointwiseForward<Identity>(l.Read(x), l.Write(y), y.Count, default);
                },
                l =>
                {
                    ask(new(null, l), ++run, scratch);
                    PointwiseForward.Launch(l, false, false, l.Read(x), l.Write(y), (int)y.Count, default(Identity));
                });
        }

        public void EmitBackward(Emitter emitter) => throw new NotSupportedException("Inferring only.");
    }

    private sealed class Kernelless : UnaryOperator
    {
        protected override Shape InferShape(Shape input) => input;
    }
}
