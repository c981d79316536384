namespace GpuCnn.Engine.Plans;

/// <summary>What a step does to memory that it is given.</summary>
[Flags]
public enum Access
{
    /// <summary>Needs what is there.</summary>
    Read = 1,

    /// <summary>Overwrites what is there, or the part of it that the step is for.</summary>
    Write = 2,

    /// <summary>Changes what is there.</summary>
    Update = Read | Write,
}

/// <summary>Memory that steps read and write: a <see cref="PlanBuffer"/>, or <see cref="ParameterMemory"/>.</summary>
public interface IPlanMemory
{
    /// <summary>Names it in messages.</summary>
    string Name { get; }
}

/// <summary>
/// Floats of a parameter store: those of a parameter, or of a range of parameters. Two are equal where they are the same floats.
/// </summary>
/// <param name="Run">Which of the store's runs: weights, state, gradients, or a slot of the optimizer.</param>
/// <param name="First">Floats of the run before it.</param>
/// <param name="Count">Floats as the device stores them.</param>
public sealed record ParameterMemory(string Run, long First, long Count) : IPlanMemory
{
    /// <summary>A run of every store.</summary>
    internal const string Weights = "weights", States = "states", Gradients = "gradients";

    public string Name => $"{Run} {First} to {First + Count - 1}";
}

/// <summary>Memory, and what a step does to it.</summary>
public readonly record struct MemoryUse(IPlanMemory Memory, Access Access);

/// <summary>A step of a plan: one launch, or several that belong together.</summary>
/// <param name="Uses">All memory that its kernels are given; each entry once.</param>
public sealed record PlanStep(string Name, IReadOnlyList<MemoryUse> Uses);
