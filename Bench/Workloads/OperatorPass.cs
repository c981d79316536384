namespace GpuCnn.Bench.Workloads;

/// <summary>The measured pass of a plan.</summary>
public enum OperatorPass
{
    Forward,

    /// <summary>The whole backward pass, for operators that compute the gradients of input and weights together.</summary>
    Backward,

    BackwardData,
    BackwardWeights,
    Loss,
    Update,
}

internal static class OperatorPassNames
{
    /// <summary>The name in tables and in requests to the peer.</summary>
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
