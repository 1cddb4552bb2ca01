"""The workspace on real repositories: worktrees, commits, merges, landings."""
