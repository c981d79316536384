using GpuCnn.Engine.Checkpoints;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Devices.Debug;
using GpuCnn.Engine.Devices.Gpu;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Tensors;
using GpuCnn.Engine.Training;
using GpuCnn.Kernels.Language;
using NUnit.Framework;

namespace GpuCnn.Tests.Training;

/// <summary>A device that fails during a run costs only the steps since the last checkpoint.</summary>
public sealed class LostDeviceTests
{
    private static readonly Shape Input = Shape.Volume(1, 6, 6);
    private static readonly PatternDataset Training = new(Input, 3, 24);
    private static readonly ModelMetadata Metadata = new("tiny", Input, Training.Classes, [0.5f], [0.25f], ImageFit.Pad);

    private static Network Tiny() => new("tiny", new Sequential { new Flatten(), { "fc", new Linear(3) } }, Input);

    [Test]
    public void TheLastCheckpointIsIntact()
    {
        using var folder = new TemporaryFolder();
        RunDirectory run = RunDirectory.Create(folder["run"]);
        run.WriteConfig("{}");
        TrainingSettings settings = new() { Batch = 8, Epochs = 4, SaveEvery = 1, LearningRate = 0.05f };
        using (var device = new FailingDevice(launches: 40))
        using (var trainer = new Trainer(Tiny(), device, Training, null, settings, Metadata, run))
        {
            trainer.Initialize();
            OneLine.Thrown(() => trainer.Run(new Quiet(), default), "stopped working");
        }
        using var fresh = new DebugDevice();
        using var resumed = new Trainer(Tiny(), fresh, Training, null, settings, Metadata, RunDirectory.Open(folder["run"]));
        resumed.Resume();
        Assert.That(resumed.Step, Is.Positive.And.LessThan(resumed.TotalSteps));
        Assert.That(resumed.Run(new Quiet(), default).End, Is.EqualTo(TrainingEnd.Completed));
    }

    /// <summary>The debug device, until it has run a number of launches; after that every call fails.</summary>
    private sealed class FailingDevice(int launches) : GpuDevice
    {
        private readonly DebugDevice _device = new();
        private int _left = launches;

        public override string Name => "failing";

        public override string Description => "fails";

        public override long MemoryBytes => _device.MemoryBytes;

        public override long AllocatedBytes => _device.AllocatedBytes;

        internal override long LargestAllocation => _device.LargestAllocation;

        internal override DeviceMemory Allocate(long bytes, string what, bool zeroed = true) =>
            new Memory(this, _device.Allocate(bytes, what, zeroed));

        internal override PreparedLaunch Prepare<TKernel>(in TKernel kernel, Size3 groups) =>
            new Launch(this, _device.Prepare(kernel, groups));

        internal override void Finish() => Check();

        public override void Dispose() => _device.Dispose();

        private void Check()
        {
            if (_left <= 0) throw new DeviceLostException("The device stopped working.", "launch", 1);
        }

        private sealed class Launch(FailingDevice device, PreparedLaunch launch) : PreparedLaunch
        {
            public override void Run()
            {
                device._left--;
                device.Check();
                launch.Run();
            }

            public override void Dispose() => launch.Dispose();
        }

        private sealed class Memory(FailingDevice device, DeviceMemory memory) : DeviceMemory
        {
            public override long Bytes => memory.Bytes;

            public override nint Handle => memory.Handle;

            public override void Dispose() => memory.Dispose();

            protected override void WriteBytes(ReadOnlySpan<byte> source, long offset)
            {
                device.Check();
                memory.Write(source, offset);
            }

            protected override void ReadBytes(Span<byte> target, long offset)
            {
                device.Check();
                memory.Read(target, offset);
            }
        }
    }

    private sealed class Quiet : ITrainingObserver
    {
        public void StepDone(in StepReport report) { }

        public void Validating(int epoch) { }

        public void EpochDone(EpochReport report) { }

        public void CheckpointSaved(string path) { }
    }
}
