namespace GpuCnn.Engine.Plans;

/// <summary>
/// A range of bytes in a plan's arena. It is placed when all steps are known: buffers that are not in use at the same time share memory.
/// </summary>
public sealed class PlanBuffer : IPlanMemory
{
    internal PlanBuffer(string name, long bytes, bool persistent)
    {
        if (bytes <= 0) throw new ArgumentOutOfRangeException(nameof(bytes), bytes, $"Buffer {name} is empty.");
        Name = name;
        Bytes = bytes;
        IsPersistent = persistent;
    }

    public string Name { get; }

    public long Bytes { get; }

    /// <summary>Whether it keeps its place and its contents through and between steps.</summary>
    public bool IsPersistent { get; }

    /// <summary>Filled before the first step of each run.</summary>
    public bool IsUploaded { get; internal init; }

    internal int FirstStep { get; private set; } = int.MaxValue;

    internal int LastStep { get; private set; } = -1;

    /// <summary>Bytes from the start of the arena.</summary>
    public long Offset { get; internal set; } = -1;

    internal void UseAt(int step)
    {
        FirstStep = Math.Min(FirstStep, step);
        LastStep = Math.Max(LastStep, step);
    }
}
