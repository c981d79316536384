namespace GpuCnn.Engine.Plans;

/// <summary>First step of each pass of a plan, and the end of the last. The input's conversion comes before the forward pass.</summary>
internal readonly record struct PlanPasses(int Forward, int Loss, int Backward, int Update, int End);
