namespace GpuCnn.Bench.Workloads;

/// <summary>A workload that is ready to run on our side.</summary>
internal abstract class Subject : IDisposable
{
    /// <summary>The launches of a run, by name.</summary>
    public abstract IReadOnlyList<string> Steps { get; }

    /// <summary>The result of the first run at a row-major position.</summary>
    public abstract double ResultAt(long position);

    /// <summary>Runs the workload. On the CPU it is complete on return; a device may go on until <see cref="Finish"/> returns.</summary>
    public abstract void Run();

    public virtual void Finish() { }

    public abstract void Dispose();
}
