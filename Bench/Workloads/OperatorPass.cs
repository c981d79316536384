namespace GpuCnn.Bench.Workloads;

/// <summary>The pass of a plan that is measured.</summary>
public enum OperatorPass
{
    Forward,

    /// <summary>All of it, where the gradients of the input and of the weights are not apart.</summary>
    Backward,

    BackwardData,
    BackwardWeights,
    Loss,
    Update,
}

internal static class OperatorPassNames
{
    /// <summary>As tables and the other side call it.</summary>
    public static string Text(this OperatorPass pass) => pass switch
    {
        OperatorPass.Forward => "forward",
        OperatorPass.Backward => "backward",
        OperatorPass.BackwardData => "backward data",
        OperatorPass.BackwardWeights => "backward weights",
        OperatorPass.Loss => "forward + backward",
        _ => "update",
    };
}
