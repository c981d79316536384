namespace GpuCnn.Engine.Checkpoints.Pickle;

/// <summary>The names of modules that a kind of pickle may refer to, and what becomes of each: nothing of Python's is run.</summary>
internal interface IPickleNames
{
    /// <exception cref="GpuCnnException">It is none of them.</exception>
    PickleGlobal Find(string module, string name, PickleInput input);

    object? Call(object? function, object? arguments, PickleInput input);

    /// <summary>Gives a value the state that was pickled apart from it.</summary>
    void Build(object? target, object? state, PickleInput input);
}
