using GpuCnn.Engine.Plans;

namespace GpuCnn.Bench.Workloads;

/// <summary>A workload that is ready to run on our side.</summary>
internal abstract class Subject : IDisposable
{
    /// <summary>What each kernel takes of the device, where the subject is a plan and the driver tells.</summary>
    public virtual IReadOnlyList<(PlanStep Step, KernelResources Kernel)> ReadKernelResources() => [];

    /// <summary>The launches of a run, by name.</summary>
    public abstract IReadOnlyList<string> Steps { get; }

    /// <summary>The result of the first run at a row-major position.</summary>
    public abstract double ResultAt(long position);

    /// <summary>Runs the workload. On the CPU it is complete on return; a device may go on until <see cref="Finish"/> returns.</summary>
    public abstract void Run();

    public virtual void Finish() { }

    public abstract void Dispose();
}
