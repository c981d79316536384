using GpuCnn.Engine.Plans;

namespace GpuCnn.Engine.Devices.Gpu;

/// <summary>
/// A command with fixed arguments, the same for every run: a compiled kernel with its grid, or a copy. Its one owner disposes of it.
/// </summary>
internal abstract class PreparedLaunch : IDisposable
{
    /// <summary>For messages.</summary>
    public virtual string Name => "a command";

    /// <summary>Queues the command after earlier ones, without waiting.</summary>
    public abstract void Run();

    /// <summary>What the kernel takes of the device; null if the device does not tell.</summary>
    public virtual KernelResources? Resources => null;

    public abstract void Dispose();
}

/// <summary>Copies around the launches of a step, from which each run takes one of each kind, or none.</summary>
/// <param name="Before">Copies of images to the network's input, from each place at which they arrive.</param>
/// <param name="After">Copies of losses, to each slot on the host.</param>
internal sealed record StepCopies(IReadOnlyList<PreparedLaunch> Before, IReadOnlyList<IReadOnlyList<PreparedLaunch>> After)
{
    /// <summary>Index of no copy.</summary>
    public const int None = -1;
}

/// <summary>Launches that run repeatedly, in order, with copies before and after them. Owns all of them.</summary>
internal class LaunchSequence(IReadOnlyList<PreparedLaunch> launches, StepCopies copies) : IDisposable
{
    public IReadOnlyList<PreparedLaunch> Launches { get; } = launches;

    protected StepCopies Copies { get; } = copies;

    /// <summary>Runs launches [first, last) between two copies. Allocates nothing after the first time.</summary>
    /// <param name="before">Index of a copy, or <see cref="StepCopies.None"/>.</param>
    /// <param name="after">Index of a slot, or <see cref="StepCopies.None"/>.</param>
    public virtual void Run(int first, int last, int before = StepCopies.None, int after = StepCopies.None)
    {
        if (before >= 0) Copies.Before[before].Run();
        for (int i = first; i < last; i++) Launches[i].Run();
        if (after < 0) return;
        IReadOnlyList<PreparedLaunch> reads = Copies.After[after];
        for (int i = 0; i < reads.Count; i++) reads[i].Run();
    }

    public virtual void Dispose()
    {
        foreach (PreparedLaunch launch in Launches.Concat(Copies.Before).Concat(Copies.After.SelectMany(slot => slot))) launch.Dispose();
    }
}
