namespace GpuCnn.Engine.Plans;

/// <summary>The first step of each pass of a plan, and the end of the last. The input's conversion lies before the forward pass.</summary>
internal readonly record struct PlanPasses(int Forward, int Loss, int Backward, int Update, int End);
