namespace GpuCnn.Engine.Checkpoints.Pickle;

/// <summary>Resolves the module names that one kind of pickle may refer to. No Python code is run.</summary>
internal interface IPickleNames
{
    /// <exception cref="GpuCnnException">The name is not allowed.</exception>
    PickleGlobal Find(string module, string name, PickleInput input);

    object? Call(object? function, object? arguments, PickleInput input);

    /// <summary>Applies a state that was pickled separately from its value.</summary>
    void Build(object? target, object? state, PickleInput input);
}
