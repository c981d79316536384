namespace GpuCnn.Engine.Plans;

/// <summary>How a step uses memory.</summary>
[Flags]
public enum Access
{
    /// <summary>Reads the contents.</summary>
    Read = 1,

    /// <summary>Overwrites the contents, or the step's part of them.</summary>
    Write = 2,

    /// <summary>Reads and changes the contents.</summary>
    Update = Read | Write,
}

/// <summary>Memory that steps read and write: a <see cref="PlanBuffer"/>, or <see cref="ParameterMemory"/>.</summary>
public interface IPlanMemory
{
    /// <summary>Names it in messages.</summary>
    string Name { get; }
}

/// <summary>
/// The floats of one or more parameters in a parameter store. Two values are equal if they are the same floats.
/// </summary>
/// <param name="Run">Run of the store: weights, state, gradients, or an optimizer's slot.</param>
/// <param name="First">Index of the first float in the run.</param>
/// <param name="Count">Floats, as the device stores them.</param>
public sealed record ParameterMemory(string Run, long First, long Count) : IPlanMemory
{
    /// <summary>Names of the runs that every store has.</summary>
    internal const string Weights = "weights", States = "states", Gradients = "gradients";

    /// <summary>Names of the runs of the moving averages of weights and states.</summary>
    internal const string Averages = "averages", AverageStates = "average states";

    public string Name => $"{Run} {First} to {First + Count - 1}";
}

/// <summary>Memory, and how a step uses it.</summary>
public readonly record struct MemoryUse(IPlanMemory Memory, Access Access)
{
    /// <summary>Bytes that the step uses: of a slice, only its own channels.</summary>
    public long Bytes { get; init; }
}

/// <summary>A step of a plan: one launch, or several that belong together.</summary>
/// <param name="Uses">All memory that its kernels use; each entry once.</param>
public sealed record PlanStep(string Name, IReadOnlyList<MemoryUse> Uses);
