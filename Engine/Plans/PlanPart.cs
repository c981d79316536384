namespace GpuCnn.Engine.Plans;

/// <summary>What a step of a plan is for.</summary>
public enum StepPass
{
    Forward,
    Loss,

    /// <summary>Gradient of an operator's input.</summary>
    BackwardData,

    /// <summary>Gradient of an operator's parameters.</summary>
    BackwardWeights,

    /// <summary>What both gradients need, such as the gradient of an activation.</summary>
    Backward,

    Update,
}

/// <summary>Consecutive steps of a plan with one purpose.</summary>
/// <param name="Node">The operator with what is fused into it; null for the input's conversion, the loss and the update.</param>
/// <param name="First">Index of the first step.</param>
/// <param name="End">Index past the last step.</param>
internal sealed record PlanPart(StepPass Pass, PlanNode? Node, int First, int End)
{
    /// <summary>
    /// Divides the steps from <paramref name="first"/> on into parts: those of a backward pass by which gradients follow from what they
    /// write.
    /// </summary>
    public static IEnumerable<PlanPart> Split(StepPass pass, PlanNode? node, int first, IReadOnlyList<PlanStep> steps)
    {
        if (pass != StepPass.Backward) return [new(pass, node, first, steps.Count)];
        var parts = new List<PlanPart>();
        StepPass[] passes = Backward([.. steps.Skip(first)]);
        for (int i = 0; i < passes.Length; i++)
        {
            if (i > 0 && passes[i] == passes[i - 1]) parts[^1] = parts[^1] with { End = first + i + 1 };
            else parts.Add(new(passes[i], node, first + i, first + i + 1));
        }
        return parts;
    }

    private static StepPass[] Backward(PlanStep[] steps)
    {
        var (weights, data) = (new bool[steps.Length], new bool[steps.Length]);
        for (int i = steps.Length - 1; i >= 0; i--)
        {
            weights[i] = Written(steps[i]).Any(memory => memory is ParameterMemory { Run: ParameterMemory.Gradients });
            for (int later = i + 1; later < steps.Length; later++)
            {
                if (!Written(steps[i]).Any(memory => Reads(steps[later], memory))) continue;
                weights[i] |= weights[later];
                data[i] |= data[later];
            }
            // What no other step of the operator reads is the gradient of its input.
            if (!weights[i]) data[i] = true;
        }
        return [.. steps.Select((_, i) => !weights[i] ? StepPass.BackwardData : data[i] ? StepPass.Backward : StepPass.BackwardWeights)];
    }

    private static IEnumerable<IPlanMemory> Written(PlanStep step) =>
        step.Uses.Where(use => (use.Access & Access.Write) != 0).Select(use => use.Memory);

    private static bool Reads(PlanStep step, IPlanMemory memory) =>
        step.Uses.Any(use => (use.Access & Access.Read) != 0 && use.Memory.Equals(memory));
}
