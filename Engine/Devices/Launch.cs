using GpuCnn.Engine.Plans;

namespace GpuCnn.Engine.Devices;

/// <summary>
/// Gives a launch's function its memory: <c>Read</c>, <c>Write</c> and <c>Update</c> of <see cref="Cpu.CpuLaunch"/> and <see
/// cref="Gpu.GpuLaunch"/> are the only way from a buffer to an address. The function runs twice. While a step is emitted, addresses are not
/// valid, uses are recorded for the memory plan, and kernels are dropped. Once the arena exists, addresses are valid, and the function must
/// use the same memory.
/// </summary>
public abstract class Launch
{
    /// <summary>Address of all memory while a step is recorded: not null, aligned, and outside of every process.</summary>
    private protected const nint Nowhere = 4096;

    private readonly PlanStep? _recorded;
    private readonly List<MemoryUse> _uses = [];
    private bool _hasEnded;

    /// <param name="recorded">The recorded step, or null to record it.</param>
    private protected Launch(PlanStep? recorded) => _recorded = recorded;

    /// <summary>Whether addresses are not valid and kernels are dropped.</summary>
    private protected bool IsRecording => _recorded is null;

    /// <summary>Notes a use before an address is given.</summary>
    /// <param name="bytes">Bytes that are used.</param>
    /// <exception cref="InvalidOperationException">The step was recorded without this use, or the function has returned.</exception>
    private protected void Use(IPlanMemory memory, Access access, long bytes)
    {
        if (_hasEnded) throw new InvalidOperationException($"A launch asked for {memory.Name} after its function had returned.");
        if (_recorded is { } step && !step.Uses.Any(use => use.Memory.Equals(memory) && (use.Access & access) == access))
        {
            throw new InvalidOperationException(
                $"{step.Name} asks for {memory.Name} ({access}) when it is linked, but did not when it was emitted: "
                + "the memory plan does not know of it.");
        }
        int index = _uses.FindIndex(use => use.Memory.Equals(memory));
        if (index < 0) _uses.Add(new(memory, access) { Bytes = bytes });
        else _uses[index] = new(memory, _uses[index].Access | access) { Bytes = Math.Max(_uses[index].Bytes, bytes) };
    }

    /// <summary>Ends the function's run, and returns the memory it used.</summary>
    /// <exception cref="InvalidOperationException">The function used less than was recorded.</exception>
    internal IReadOnlyList<MemoryUse> End()
    {
        _hasEnded = true;
        foreach (MemoryUse use in _recorded?.Uses ?? [])
        {
            if (_uses.Contains(use)) continue;
            throw new InvalidOperationException(
                $"{_recorded!.Name} asked for {use.Memory.Name} ({use.Access}) when it was emitted, but does not when it is linked.");
        }
        return _uses;
    }
}
